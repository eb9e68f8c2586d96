/**
 * The table of a fragment's frames as it is stored beside the fragment (docs/reference/storage-format.md, "Table of frames"): what whoever lays
 * frames out needs to know of them, without the frames. It says exactly what a demuxer would of the fragment.
 */
import { clusterUs } from "./demux-fragment.ts";
import { LayoutError } from "./layout.ts";

/** The only form that exists so far; a reader refuses others. */
export const TABLE_VERSION = 1;
/** Version, number of tracks, the Cluster's timecode, the header's timecode scale. */
export const TABLE_START_BYTES = 2 + 8 + 8;
/** Flags of a block, above the place of its track among the table's. */
export const TRACK_PLACE = 0x0f;
export const KEYFRAME = 0x10;
export const HAS_DURATION = 0x20;
export const LACED = 0x40;
export const LATER_PART = 0x80;

const NS_PER_US = 1000;

/** A track of a table. */
export interface TableTrack {
  readonly number: number;
  /** Size of the length before each NAL unit, where every frame of the fragment is such units and nothing else; 0 where that is not known. */
  readonly nalLengthBytes: number;
}

/** A frame of a table, in the order of the fragment. */
export interface TableFrame {
  /** Place of its track among those of the table. */
  readonly place: number;
  /** The part of the stored fragment in which its block ends. */
  readonly part: number;
  /** Bytes. */
  readonly size: number;
  /** As those of a demuxer's packet. */
  readonly timestampUs: number;
  readonly durationUs: number | undefined;
  readonly keyframe: boolean;
}

/** The table of a fragment's frames. */
export interface FrameTable {
  /** The Cluster's timestamp in microseconds. */
  readonly clusterUs: number;
  readonly tracks: readonly TableTrack[];
  readonly frames: readonly TableFrame[];
}

/** Reads the table of a fragment of `fragmentBytes` bytes. Throws LayoutError where it is none, or tells of more than the fragment can hold. */
export function decodeFrameTable(bytes: Uint8Array, fragmentBytes: number): FrameTable {
  return new TableReader(bytes, fragmentBytes).read();
}

interface Column extends TableTrack {
  readonly defaultDurationUs: number | undefined;
  /** Timecode of the last block, in ticks from that of the Cluster. */
  last: number;
}

class TableReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Bytes that the frames not read yet can have at most. */
  #left: number;
  #at = 0;
  #timecode = 0;
  #usPerTick = 0;
  #part = 0;
  readonly #frames: TableFrame[] = [];

  constructor(bytes: Uint8Array, fragmentBytes: number) {
    this.#bytes = bytes;
    this.#left = fragmentBytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  read(): FrameTable {
    const version = this.#byte();
    if (version !== TABLE_VERSION) throw new LayoutError(`table ${version} is not known, expected ${TABLE_VERSION}`);
    const count = this.#byte();
    this.#timecode = this.#double();
    const timecodeScaleNs = this.#double();
    this.#usPerTick = timecodeScaleNs / NS_PER_US;
    const startUs = clusterUs(this.#timecode, timecodeScaleNs);
    if (!Number.isFinite(startUs)) throw new LayoutError("the table tells no time");
    const tracks = Array.from({ length: count }, () => this.#track());
    while (this.#at < this.#bytes.length) this.#block(tracks);
    return { clusterUs: startUs, tracks, frames: this.#frames };
  }

  #track(): Column {
    const nalLengthBytes = this.#byte();
    const defaultDurationNs = this.#double();
    const defaultDurationUs = Number.isNaN(defaultDurationNs) ? undefined : defaultDurationNs / NS_PER_US;
    return { number: this.#integer(), nalLengthBytes, defaultDurationUs, last: 0 };
  }

  #block(tracks: readonly Column[]): void {
    const flags = this.#byte();
    const place = flags & TRACK_PLACE;
    const track = tracks[place];
    if (track === undefined) throw new LayoutError(`the table has no track ${place}`);
    if ((flags & LATER_PART) !== 0) this.#part += this.#integer();
    const step = this.#integer();
    track.last += (step >>> 1) ^ -(step & 1);
    const duration = (flags & HAS_DURATION) === 0 ? undefined : this.#integer();
    const count = (flags & LACED) === 0 ? 1 : this.#integer();
    const durationUs = duration === undefined ? track.defaultDurationUs : (duration * this.#usPerTick) / count;
    const timestampUs = (this.#timecode + track.last) * this.#usPerTick;
    const keyframe = (flags & KEYFRAME) !== 0;
    for (let i = 0; i < count; i++) {
      this.#frames.push({
        place,
        part: this.#part,
        size: this.#size(),
        timestampUs: i === 0 ? timestampUs : timestampUs + i * (durationUs ?? 0),
        durationUs,
        keyframe,
      });
    }
  }

  #size(): number {
    const size = this.#integer();
    this.#left -= size;
    if (this.#left < 0) throw new LayoutError("the table tells of more bytes than its fragment has");
    return size;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new LayoutError("the table ends within a field");
    return byte;
  }

  #double(): number {
    if (this.#at + 8 > this.#bytes.length) throw new LayoutError("the table ends within a field");
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8);
  }

  /** Little-endian base 128: seven bits a byte, the high bit set on all but the last. */
  #integer(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
}
