import type { JournalUnavailable } from "../../storage/ports/journal.ts";
import type { DomainErrorCode } from "../errors.ts";
import type { SessionOutcome } from "../ingest/session-outcome.ts";

/** Who asked for something. Of a credential nobody is told more than its id. */
export interface Caller {
  /** `x-amzn-RequestId` of the answer. */
  readonly requestId: string;
  /** The access key that signed the request. */
  readonly accessKeyId: string;
  /** IP address that the connection came from: that of a proxy where there is one. Empty where it was gone already. */
  readonly remoteAddress: string;
}

/** What happens in the domain that an operator may ask about: by the words that the log has for it, with what it says of each. */
export interface DomainEvents {
  "stream created": { readonly stream: string; readonly retentionHours: number } & Partial<Caller>;
  "stream deleted": { readonly stream: string } & Partial<Caller>;
  "data retention changed": {
    readonly stream: string;
    readonly fromHours: number;
    readonly toHours: number;
  } & Partial<Caller>;
  /** A PutMedia has begun; `connections` are those on the stream, with this one. */
  "producer connected": { readonly stream: string; readonly connections: number } & Partial<Caller>;
  /** It is over, and what it brought is durable or refused. */
  "producer ended": { readonly stream: string } & SessionOutcome & Partial<Caller>;
  /** A PutMedia was not begun, with the error that its producer got. */
  "producer refused": {
    readonly stream: string;
    readonly reason: DomainErrorCode;
    readonly message: string;
  } & Caller;
  "playback session created": {
    readonly stream: string;
    readonly protocol: "hls" | "dash";
    readonly mode: "live" | "live-replay" | "on-demand";
    /** How long it lasts. */
    readonly expiresSeconds: number;
  } & Partial<Caller>;
  /** Space has been given back: what has expired since the last time that this was told. */
  "retention sweep": {
    /** Streams that had expired fragments. */
    readonly streams: number;
    /** Expired fragments. */
    readonly fragments: number;
    /** Fragments of streams that were deleted. */
    readonly deleted: number;
    /** Bytes of the journal that are free again. */
    readonly bytes: number;
  };
  /** Fragments are refused until the archive takes data again; told for each reason. */
  "archive takes no data": { readonly reason: JournalUnavailable["reason"]; readonly message: string };
  /** It has for a while; before that it took none for `seconds`. */
  "archive takes data again": { readonly seconds: number };
  /** A worker thread has ended by itself; what it did is done on the main thread, until there is another one. */
  "worker lost": { readonly worker: "sealer" | "opener" | "packager"; readonly message: string };
  "worker restarted": { readonly worker: "sealer" | "opener" | "packager" };
  /** An ffmpeg ended, or was ended, over its work; another one starts when it is needed. */
  "decoder lost": { readonly codec: string; readonly message: string };
  /** A declared track of pictures or sound had no frame in a whole fragment. Told once for a stream. */
  "a track is silent for a fragment": { readonly stream: string; readonly track: number };
  /** Readers had to pass over media `skips` times since the last time that it was told, at most a second ago. */
  "readers lost media": { readonly stream: string; readonly skips: number };
  /** Told once for each journal segment. */
  "a table of frames is damaged, its fragment is read instead; kvass fsck names all such": { readonly err: Error };
}

/** Tells whoever runs the server what happened. Must not throw, and is not called for every fragment. */
export type Tell = <Name extends keyof DomainEvents>(name: Name, fields: DomainEvents[Name]) => void;
