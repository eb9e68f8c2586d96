import { ByteCollector } from "../bytes/byte-collector.ts";
import { MatroskaError } from "./error.ts";
import type { MatroskaBlock, MatroskaCluster, MatroskaHeader, MatroskaTrack } from "./model.ts";

/** One frame of a track. */
export interface MatroskaPacket {
  track: MatroskaTrack;
  /** Block timestamp in ticks of the header's `timecodeScaleNs`; the frames of one block share it. */
  timecode: number;
  /**
   * Presentation time in microseconds; the later frames of a laced block are spread by their duration where it is
   * known.
   */
  timestampUs: number;
  /** Microseconds, from the block's duration or the track's default; undefined where neither is stated. */
  durationUs: number | undefined;
  keyframe: boolean;
  discardable: boolean;
  invisible: boolean;
  /** The frame: a view of the fed chunk where it lies in one, else a copy. */
  data: Uint8Array;
}

/**
 * Most bytes that are set aside on the word of a block's size alone: real frames stay below, and the sender of a false
 * size gains nothing.
 */
const TRUSTED_BYTES = 4 * 1024 * 1024;

const NO_BYTES = new Uint8Array(0);
const NANOSECONDS_IN_MICROSECOND = 1000;

/** Takes packets one by one. */
export interface PacketSink {
  /** Called with an object of its own for each frame. */
  onPacket(packet: MatroskaPacket): void;
}

/** Turns the blocks of a file into packets. */
export class PacketAssembler {
  readonly #maxBlockBytes: number;
  readonly #tracks = new Map<number, MatroskaTrack>();
  /** The track of the last block, and its default duration. */
  #track: MatroskaTrack | undefined;
  #defaultDurationUs: number | undefined;
  #microsecondsInTick = 0;
  #clusterOffset = 0;
  /** Where the payload lies, when it came in one piece. */
  #chunk: Uint8Array = NO_BYTES;
  #start = 0;
  #end = 0;
  /** The payload so far, when it comes in more than one piece. */
  readonly #joined = new ByteCollector();

  /**
   * Blocks of more than `maxBlockBytes` bytes that come in pieces are refused, since joining them takes that much
   * memory.
   */
  constructor(maxBlockBytes: number) {
    this.#maxBlockBytes = maxBlockBytes;
  }

  /** Begins with a file. */
  begin(header: MatroskaHeader): void {
    this.#tracks.clear();
    this.#track = undefined;
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
      this.#end = end;
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

  /**
   * The chunk ends. A payload whose BlockGroup does not is copied: its frames are told with a later chunk, by when this one may have been
   * written to.
   */
  leaveChunk(): void {
    if (this.#chunk === NO_BYTES) return;
    this.#joined.reserve(this.#end - this.#start);
    this.#joined.append(this.#chunk, this.#start, this.#end);
    this.#chunk = NO_BYTES;
  }

  /** Tells `handler` each frame of the block whose payload has been added. */
  finish(block: MatroskaBlock, handler: PacketSink): void {
    const track = this.#track?.number === block.trackNumber ? this.#track : this.#trackOf(block);
    const durationUs = block.duration === undefined ? this.#defaultDurationUs : this.#durationUs(block);
    const timestampUs = block.timecode * this.#microsecondsInTick;
    const joined = this.#joined.length > 0;
    const bytes = joined ? this.#joined.take() : this.#chunk;
    let at = bytes.byteOffset + (joined ? 0 : this.#start);
    this.#chunk = NO_BYTES;
    this.#start = 0;
    for (let i = 0; i < block.frameCount; i++) {
      const size = block.frameSizes[i]!;
      handler.onPacket({
        track,
        timecode: block.timecode,
        timestampUs: i === 0 ? timestampUs : timestampUs + i * (durationUs ?? 0),
        durationUs,
        keyframe: block.keyframe,
        discardable: block.discardable,
        invisible: block.invisible,
        data: new Uint8Array(bytes.buffer, at, size),
      });
      at += size;
    }
  }

  #trackOf(block: MatroskaBlock): MatroskaTrack {
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
    this.#track = track;
    const { defaultDurationNs } = track;
    this.#defaultDurationUs =
      defaultDurationNs === undefined ? undefined : defaultDurationNs / NANOSECONDS_IN_MICROSECOND;
    return track;
  }

  #durationUs(block: MatroskaBlock): number {
    return ((block.duration ?? 0) * this.#microsecondsInTick) / block.frameCount;
  }
}
