/**
 * Why a playback resource is refused:
 * - `forbidden`: the token is none of this server's, or the resource is not the session's
 * - `expired`: the session is over
 * - `gone`: the stream was deleted
 * - `not-found`: what is asked for does not exist, or does no longer
 * - `unplayable`: the media cannot be packaged
 * - `throttled`: the stream's quota of a second is used up
 * - `unavailable`: what was waited for did not come in time, or the archive cannot be read for now
 * - `invalid`: a parameter is missing or malformed
 */
export type RefusalReason =
  | "forbidden"
  | "expired"
  | "gone"
  | "not-found"
  | "unplayable"
  | "throttled"
  | "unavailable"
  | "invalid";

/** A playback resource is refused; `message` is one sentence for whoever debugs a player. */
export class PlaybackRefusal extends Error {
  override readonly name = "PlaybackRefusal";
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The refusal of everything that is asked of a session whose stream is no more. */
export const streamDeleted = (): PlaybackRefusal =>
  new PlaybackRefusal("gone", "The stream of the session was deleted.");
