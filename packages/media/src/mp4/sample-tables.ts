import type { MediaCodec } from "../codecs/model.ts";
import { box, fields, fullBox, type Piece, serialize } from "./box.ts";
import { table } from "./movie.ts";
import { RunLengths } from "./run-lengths.ts";
import { sampleEntry } from "./sample-entry.ts";

/** Where the payload lies in the file, which is known once all boxes before it have their sizes. */
export interface PayloadPlace {
  start: number;
  /** Whether chunk offsets need 64 bits. */
  wide: boolean;
}

/** The tables that say where each sample of a track lies and when it is decoded, while they grow. */
export class SampleTables {
  /** What the samples are decoded with: a sample entry for each. */
  readonly #codecs: MediaCodec[];
  /** Index among them of what the next sample is decoded with. */
  #codec = 0;
  /** By the first chunk that another one counts for: its index. */
  readonly #changes = new Map<number, number>([[0, 0]]);
  /** Bytes of each sample where all have the same, else 0. */
  readonly #uniformBytes: number;
  #count = 0;
  /** Empty where samples have the same size. */
  readonly #sizes: number[] = [];
  /** From each sample's decode time to that of the next; the last sample has none yet. */
  readonly #deltas = new RunLengths();
  readonly #compositionOffsets = new RunLengths();
  #leastOffset = 0;
  /** Numbers of the key frames of a video, from 1. */
  readonly #keyframes: number[] = [];
  /** Where in the payload each chunk begins, and how many samples it has. */
  readonly #chunkStarts: number[] = [];
  readonly #chunkCounts: number[] = [];

  constructor(codec: MediaCodec, uniformBytes: number) {
    this.#codecs = [codec];
    this.#uniformBytes = uniformBytes;
  }

  /** Samples that have been added. */
  get count(): number {
    return this.#count;
  }

  /** By how much composition offsets are raised so that none is negative; 0 or more, in ticks. */
  get shift(): number {
    return -this.#leastOffset;
  }

  /** The codec whose pictures are the largest. */
  get largest(): MediaCodec {
    return this.#codecs.reduce((largest, codec) => (areaOf(codec) > areaOf(largest) ? codec : largest));
  }

  /** Says what the samples from here on are decoded with. */
  describe(codec: MediaCodec): void {
    const entry = serialize(sampleEntry(codec));
    const known = this.#codecs.findIndex((other) => areEqual(serialize(sampleEntry(other)), entry));
    if (known === this.#codec) return;
    this.#codec = known >= 0 ? known : this.#codecs.push(codec) - 1;
    this.#changes.set(this.#chunkStarts.length, this.#codec);
  }

  /** Notes the ticks from a sample's decode time to that of the next, `count` times. */
  addDeltas(ticks: number, count = 1): void {
    this.#deltas.add(ticks, count);
  }

  /** Adds a sample of `bytes` bytes, or `count` of uniform size. */
  addSamples(bytes: number, count: number, compositionOffset: number, keyframe: boolean): void {
    this.#count += count;
    if (this.#uniformBytes === 0) this.#sizes.push(bytes);
    this.#compositionOffsets.add(compositionOffset, count);
    this.#leastOffset = Math.min(this.#leastOffset, compositionOffset);
    if (keyframe && this.#isVideo) this.#keyframes.push(this.#count);
  }

  /**
   * Puts the last `count` samples at `position` in the payload; `joins` where the bytes before it are this track's last
   * sample.
   */
  place(position: number, count: number, joins: boolean): void {
    // All samples of a chunk have one sample entry.
    if (joins && !this.#changes.has(this.#chunkStarts.length)) {
      this.#chunkCounts[this.#chunkCounts.length - 1]! += count;
      return;
    }
    this.#chunkStarts.push(position);
    this.#chunkCounts.push(count);
  }

  /** The stbl box (ISO/IEC 14496-12, section 8.5); the last sample lasts `lastDuration` ticks. */
  box(lastDuration: number, payload: PayloadPlace): Piece {
    const optional: Piece[] = [];
    if (this.#compositionOffsets.values.some((offset) => offset + this.shift !== 0)) optional.push(this.#offsetTable());
    if (this.#isVideo && this.#keyframes.length < this.count) optional.push(this.#keyframeTable());
    return box(
      "stbl",
      this.#descriptions(),
      this.#timeTable(lastDuration),
      ...optional,
      this.#chunkTable(),
      this.#sizeTable(),
      this.#placeTable(payload),
    );
  }

  get #isVideo(): boolean {
    return this.#codecs[0]!.kind === "video";
  }

  #descriptions(): Piece {
    const entries = this.#codecs.map(sampleEntry);
    const count = fields(4, (out) => out.u32(entries.length));
    return fullBox("stsd", 0, 0, count, ...entries);
  }

  #timeTable(lastDuration: number): Piece {
    const { values, counts } = this.#deltas;
    const last = values.length - 1;
    const alike = last >= 0 && values[last] === lastDuration;
    const own = this.count > 0 && !alike ? 1 : 0;
    return table("stts", values.length + own, 8, (out) => {
      values.forEach((value, i) => {
        out.u32(counts[i]! + (alike && i === last ? 1 : 0));
        out.u32(value);
      });
      if (own === 0) return;
      out.u32(1);
      out.u32(lastDuration);
    });
  }

  #offsetTable(): Piece {
    const { values, counts } = this.#compositionOffsets;
    return table("ctts", values.length, 8, (out) => {
      values.forEach((value, i) => {
        out.u32(counts[i]!);
        out.u32(value + this.shift);
      });
    });
  }

  #keyframeTable(): Piece {
    return table("stss", this.#keyframes.length, 4, (out) => {
      for (const number of this.#keyframes) out.u32(number);
    });
  }

  #chunkTable(): Piece {
    const firstChunks: number[] = [];
    this.#chunkCounts.forEach((count, i) => {
      if (i === 0 || count !== this.#chunkCounts[i - 1] || this.#changes.has(i)) firstChunks.push(i);
    });
    let codec = 0;
    return table("stsc", firstChunks.length, 12, (out) => {
      for (const chunk of firstChunks) {
        codec = this.#changes.get(chunk) ?? codec;
        out.u32(chunk + 1);
        out.u32(this.#chunkCounts[chunk]!);
        out.u32(codec + 1); // sample_description_index
      }
    });
  }

  #sizeTable(): Piece {
    const sizes = fields(8 + 4 * this.#sizes.length, (out) => {
      out.u32(this.#uniformBytes);
      out.u32(this.count);
      for (const size of this.#sizes) out.u32(size);
    });
    return fullBox("stsz", 0, 0, sizes);
  }

  #placeTable(payload: PayloadPlace): Piece {
    const starts = this.#chunkStarts;
    if (payload.wide) {
      return table("co64", starts.length, 8, (out) => {
        for (const start of starts) out.u64(payload.start + start);
      });
    }
    return table("stco", starts.length, 4, (out) => {
      for (const start of starts) out.u32(payload.start + start);
    });
  }
}

const areaOf = (codec: MediaCodec): number => (codec.kind === "video" ? codec.displayWidth * codec.displayHeight : 0);

const areEqual = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
