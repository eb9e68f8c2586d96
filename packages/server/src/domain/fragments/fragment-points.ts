import { DomainError } from "../errors.ts";
import { KeyedRate } from "../keyed-rate.ts";
import type { Stream } from "../streams/stream.ts";

/** What the archive's operations on one stream may use in a second, all of them together. */
export interface FragmentPointLimits {
  /** Fragments whose metadata is looked through. Infinity for no bound. */
  readonly metadataPerSecond: number;
  /** Fragments whose media is read. Infinity for no bound. */
  readonly mediaPerSecond: number;
}

/** Kvass's own: looking through rows and reading fragments is bounded by page sizes and by what the client takes. */
export const GENEROUS_POINT_LIMITS: FragmentPointLimits = Object.freeze({
  metadataPerSecond: Number.POSITIVE_INFINITY,
  mediaPerSecond: Number.POSITIVE_INFINITY,
});

/** The quotas that AWS counts in points, shared by all operations on a stream (AWS docs, "Kinesis Video Streams service quotas"). */
export const AWS_POINT_LIMITS: FragmentPointLimits = Object.freeze({ metadataPerSecond: 10_000, mediaPerSecond: 500 });

/** Counts the fragments that operations on the archive use of each stream, and refuses a call when too many were used. */
export class FragmentPoints {
  readonly #limits: FragmentPointLimits;
  readonly #metadata: KeyedRate<number>;
  readonly #media: KeyedRate<number>;

  constructor(limits: FragmentPointLimits) {
    this.#limits = limits;
    this.#metadata = new KeyedRate(limits.metadataPerSecond);
    this.#media = new KeyedRate(limits.mediaPerSecond);
  }

  /** A call will look through the metadata of up to `fragments`. Throws DomainError `client-limit`. */
  spendMetadata(stream: Stream, fragments: number): void {
    if (this.#metadata.tryTake(stream.id, Date.now(), fragments)) return;
    throw tooMany("fragments' metadata", this.#limits.metadataPerSecond);
  }

  /** A call will read the media of up to `fragments`. Throws DomainError `client-limit`. */
  spendMedia(stream: Stream, fragments: number): void {
    if (this.#media.tryTake(stream.id, Date.now(), fragments)) return;
    throw tooMany("fragments' media", this.#limits.mediaPerSecond);
  }
}

function tooMany(what: string, perSecond: number): DomainError {
  return new DomainError("client-limit", `More than ${perSecond} ${what} a second were asked for on the stream.`);
}
