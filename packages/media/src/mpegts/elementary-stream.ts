import { CodecError } from "../codecs/model.ts";
import type { MatroskaTrack } from "../matroska/model.ts";
import type { CodedSamples } from "../samples/model.ts";
import type { MappedStream } from "./tables.ts";

/** Ticks a second of timestamps in transport streams. */
const TICKS = 90_000;

/** The samples of a track, and what an error calls their codec. */
export interface TransportTrack extends CodedSamples {
  readonly track: Pick<MatroskaTrack, "codecId">;
}

/** A PES packet that shall be written: one frame of video, or some of sound. */
export interface PesUnit {
  /** Ticks of 90 kHz, not yet wrapped to 33 bits. */
  readonly pts: number;
  readonly dts: number;
  /** Bytes behind the PES header. */
  readonly payloadBytes: number;
  /** Whether decoding can begin here. */
  readonly randomAccess: boolean;
}

/** One track, divided into PES packets. */
export interface ElementaryStream extends MappedStream {
  /** ISO/IEC 13818-1, table 2-22. */
  readonly streamId: number;
  /** In the order of their decoding times. */
  readonly units: readonly PesUnit[];
  /** Writes what is behind the PES header of the unit with this index: its `payloadBytes` bytes. */
  writePayload(index: number, out: Uint8Array, at: number): void;
}

/** Ticks of 90 kHz from ticks of `timescale` a second. Exact to half a tick for any time since 1970. */
export function transportTicks(time: number, timescale: number): number {
  if (timescale === TICKS) return time;
  const seconds = Math.floor(time / timescale);
  return seconds * TICKS + Math.round(((time - seconds * timescale) * TICKS) / timescale);
}

/** The error for a codec that has no mapping to transport streams here. */
export function noMapping({ codec, track }: TransportTrack): CodecError {
  return new CodecError("unsupported", track.codecId, `MPEG-TS has no mapping of ${codec.name}`);
}
