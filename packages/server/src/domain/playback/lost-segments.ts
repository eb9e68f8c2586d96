import { CodecError, MatroskaError } from "@kvass/media";
import { RecordDamaged } from "../../storage/ports/journal.ts";
import { LayoutError } from "../fragments/layout.ts";
import type { Stream } from "../streams/stream.ts";
import type { Segment } from "./segment.ts";

/** Segments and set-ups that are remembered of a stream in one container, at most: some 50 KiB. Of a disk that loses more, most is lost anyway. */
const MOST_REMEMBERED = 1000;

/** What tells a segment from others, and what it is decoded with. */
type Listed = Pick<Segment, "sequence" | "fragments" | "configuration">;

/** Whether a fragment's media is damaged: what was read of it is not what was stored, or is no media. */
export const isDamage = (error: unknown): boolean =>
  error instanceof RecordDamaged || error instanceof MatroskaError || error instanceof LayoutError;

/**
 * The segments of a stream that could not be built in one container, and will not be the next time: those with a damaged fragment, and all of a codec
 * that the container does not carry. Sessions show them as gaps, since players stop at what is listed and cannot be fetched.
 */
export class LostSegments {
  /** Fragments that the shortest segment lost joins, by the sequence of its first one. */
  readonly #damaged = new Map<number, number>();
  readonly #configurations = new Set<number>();
  readonly #report: (error: unknown) => void;
  #version = 0;

  /** @param report told of each that is damaged */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Grows with each segment that is lost. */
  get version(): number {
    return this.#version;
  }

  has({ sequence, fragments, configuration }: Listed): boolean {
    return (
      fragments >= (this.#damaged.get(sequence) ?? Number.POSITIVE_INFINITY) || this.#configurations.has(configuration)
    );
  }

  /** Remembers a segment where `error`, with which its building failed, means that it is lost. */
  failed(segment: Listed, error: unknown): void {
    if (this.has(segment)) return;
    const { sequence, fragments, configuration } = segment;
    // What else is wrong with a codec's set-up may be read from a frame of this segment.
    if (error instanceof CodecError && error.code === "unsupported") {
      this.#configurations.add(configuration);
      forgetOldest(this.#configurations);
    } else if (error instanceof CodecError || isDamage(error)) {
      this.#damaged.set(sequence, fragments);
      forgetOldest(this.#damaged);
      if (isDamage(error)) this.#report(error);
    } else {
      return;
    }
    this.#version++;
  }
}

function forgetOldest(remembered: Map<number, number> | Set<number>): void {
  if (remembered.size > MOST_REMEMBERED) remembered.delete(remembered.keys().next().value!);
}

/** The lost segments of all streams in one container; a restart forgets them. */
export class LostOfStreams {
  readonly #lost = new WeakMap<Stream, LostSegments>();
  readonly #report: (error: unknown) => void;

  /** @param report as `LostSegments` wants it */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  of(stream: Stream): LostSegments {
    let lost = this.#lost.get(stream);
    if (lost === undefined) {
      lost = new LostSegments(this.#report);
      this.#lost.set(stream, lost);
    }
    return lost;
  }
}
