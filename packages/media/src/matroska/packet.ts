import { ByteCollector } from "../bytes/byte-collector.ts";
import { MatroskaError } from "./error.ts";
import type { MatroskaBlock, MatroskaCluster, MatroskaHeader, MatroskaTrack } from "./model.ts";

/** One frame of a track. */
export interface MatroskaPacket {
  track: MatroskaTrack;
  /** Block timestamp in ticks of the header's `timecodeScaleNs`; the frames of one block share it. */
  timecode: number;
  /** Presentation time in microseconds; the later frames of a laced block are spread by their duration where it is known. */
  timestampUs: number;
  /** Microseconds, from the block's duration or the track's default; undefined where neither is stated. */
  durationUs: number | undefined;
  keyframe: boolean;
  discardable: boolean;
  invisible: boolean;
  /** The frame: a view of the fed chunk where it lies in one, else a copy. */
  data: Uint8Array;
}

/** Most bytes that are set aside on the word of a block's size alone: real frames stay below, and the sender of a false size gains nothing. */
const TRUSTED_BYTES = 4 * 1024 * 1024;

const NO_BYTES = new Uint8Array(0);
const NANOSECONDS_IN_MICROSECOND = 1000;

/** Turns the blocks of a file into packets. */
export class PacketAssembler {
  readonly #maxBlockBytes: number;
  readonly #tracks = new Map<number, MatroskaTrack>();
  #microsecondsInTick = 0;
  #clusterOffset = 0;
  /** Where the payload begins, when it came in one piece. */
  #chunk: Uint8Array = NO_BYTES;
  #start = 0;
  /** The payload so far, when it comes in more than one piece. */
  readonly #joined = new ByteCollector();

  /** Blocks of more than `maxBlockBytes` bytes that come in pieces are refused, since joining them takes that much memory. */
  constructor(maxBlockBytes: number) {
    this.#maxBlockBytes = maxBlockBytes;
  }

  /** Begins with a file. */
  begin(header: MatroskaHeader): void {
    this.#tracks.clear();
    for (const track of header.tracks) this.#tracks.set(track.number, track);
    this.#microsecondsInTick = header.timecodeScaleNs / NANOSECONDS_IN_MICROSECOND;
  }

  /** Begins with a Cluster. */
  beginCluster(cluster: MatroskaCluster): void {
    this.#clusterOffset = cluster.offset;
  }

  /** Takes the next piece of a block's payload, behind which `bytesLeft` more bytes are announced. */
  addPayload(chunk: Uint8Array, start: number, end: number, bytesLeft: number): void {
    if (bytesLeft === 0 && this.#joined.length === 0) {
      this.#chunk = chunk;
      this.#start = start;
      return;
    }
    const announced = end - start + bytesLeft;
    if (this.#joined.length + announced > this.#maxBlockBytes) {
      throw new MatroskaError(
        "limit-exceeded",
        "Block",
        this.#clusterOffset,
        `at most ${this.#maxBlockBytes} bytes of frames`,
      );
    }
    if (this.#joined.length === 0) this.#joined.reserve(Math.min(announced, TRUSTED_BYTES));
    this.#joined.append(chunk, start, end);
  }

  /** Calls `onPacket` for each frame of the block whose payload has been added. */
  finish(block: MatroskaBlock, onPacket: (packet: MatroskaPacket) => void): void {
    const track = this.#tracks.get(block.trackNumber);
    if (!track) {
      const offset = this.#clusterOffset + block.clusterOffset;
      throw new MatroskaError(
        "invalid-block",
        "Block",
        offset,
        `a track that Tracks declares, not ${block.trackNumber}`,
      );
    }
    const durationUs = this.#durationOf(block, track);
    const { bytes, start } = this.#takePayload();
    const timestampUs = block.timecode * this.#microsecondsInTick;
    const { timecode, keyframe, discardable, invisible } = block;
    for (let i = 0, at = start; i < block.frameCount; i++) {
      const data = bytes.subarray(at, at + block.frameSizes[i]!);
      at += data.length;
      const time = i === 0 ? timestampUs : timestampUs + i * (durationUs ?? 0);
      onPacket({ track, timecode, timestampUs: time, durationUs, keyframe, discardable, invisible, data });
    }
  }

  #takePayload(): { bytes: Uint8Array; start: number } {
    const joined = this.#joined.length > 0;
    const bytes = joined ? this.#joined.take() : this.#chunk;
    const start = joined ? 0 : this.#start;
    this.#chunk = NO_BYTES;
    this.#start = 0;
    return { bytes, start };
  }

  #durationOf(block: MatroskaBlock, track: MatroskaTrack): number | undefined {
    if (block.duration !== undefined) return (block.duration * this.#microsecondsInTick) / block.frameCount;
    if (track.defaultDurationNs === undefined) return undefined;
    return track.defaultDurationNs / NANOSECONDS_IN_MICROSECOND;
  }
}
