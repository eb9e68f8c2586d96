import type { LostSegments } from "./lost-segments.ts";
import type { Run, Segment, SetUp } from "./segment.ts";

/** What a playlist says of a segment. */
export type ListedSegment = Pick<
  Segment,
  | "sequence"
  | "serverTimestamp"
  | "random"
  | "fragments"
  | "duration"
  | "configuration"
  | "shownStart"
  | "gap"
  | "discontinuity"
  | "setUp"
>;

/** Segments by place, from 0: an array is one. */
export interface Segments extends Iterable<Segment> {
  readonly length: number;
  /** What a playlist says of each of them, in order, where that takes no object for each: it is the same one again and again. */
  listed?(): Iterable<ListedSegment>;
  /** As `Array.at`: negative places count from the end. */
  at(place: number): Segment | undefined;
}

/** Segments of a block, a power of 2: some 270 KiB, so that a list of a day is neither moved while it grows nor much larger than it must be. */
const BLOCK_BITS = 12;
const BLOCK = 2 ** BLOCK_BITS;
const IN_BLOCK = BLOCK - 1;

/** Bytes of a segment in a block's columns; what segments share is little beside. */
const LISTED_SEGMENT_BYTES = 67;
/** Bytes of a list without segments, about: its columns, and what it begins with. */
const LIST_BYTES = 4096;

const STARTS_CLEAN = 1;
const BREAKS = 2;
const GAP = 4;
const DISCONTINUITY = 8;
/** Shows the producer's clock, not the server's. */
const SHOWS_PRODUCER = 16;

/** The columns of `length` segments, widest first, one behind the other in memory that is taken and given back at once. */
function newBlock(length: number) {
  const memory = new ArrayBuffer(length * LISTED_SEGMENT_BYTES);
  let used = 0;
  function column<Column extends { readonly byteLength: number }>(
    Type: new (memory: ArrayBuffer, offset: number, length: number) => Column,
  ): Column {
    const made = new Type(memory, used, length);
    used += made.byteLength;
    return made;
  }
  return {
    sequence: column(Float64Array),
    lastSequence: column(Float64Array),
    serverTimestamp: column(Float64Array),
    start: column(Float64Array),
    duration: column(Float64Array),
    random: column(Uint32Array),
    size: column(Uint32Array),
    configuration: column(Uint32Array),
    discontinuitiesBefore: column(Uint32Array),
    /** Places in the list's set-ups and runs. */
    setUp: column(Uint32Array),
    run: column(Uint32Array),
    fragments: column(Uint16Array),
    flags: column(Uint8Array),
  };
}

type Block = ReturnType<typeof newBlock>;

/** The first segments of a block, in no more memory than they need. */
function trimmed(block: Block, length: number): Block {
  const small = newBlock(length);
  for (const name of Object.keys(small) as (keyof Block)[]) small[name].set(block[name].subarray(0, length));
  return small;
}

/**
 * The segments of an archived range, in columns: a day of them as objects would take five times the memory, and the garbage collector a tenth
 * of a second to look through. A segment that is asked for is made anew.
 */
export class SegmentList implements Segments {
  readonly #blocks: Block[] = [];
  readonly #setUps: SetUp[] = [];
  readonly #runs: Run[] = [];
  #length = 0;
  #firstNumber = 0;
  #oldest = Number.POSITIVE_INFINITY;

  get length(): number {
    return this.#length;
  }

  /** Bytes that it takes when it is finished. */
  get bytes(): number {
    return LIST_BYTES + this.#length * LISTED_SEGMENT_BYTES;
  }

  /** When the segment arrived that arrived first, in milliseconds since the epoch; Infinity where there is none. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Appends a segment, whose number follows that of the one before. */
  push(segment: Segment): void {
    if (this.#length === 0) this.#firstNumber = segment.number;
    const at = this.#length++ & IN_BLOCK;
    if (at === 0) this.#blocks.push(newBlock(BLOCK));
    const block = this.#blocks.at(-1)!;
    block.sequence[at] = segment.sequence;
    block.lastSequence[at] = segment.lastSequence;
    block.serverTimestamp[at] = segment.serverTimestamp;
    block.start[at] = segment.start;
    block.duration[at] = segment.duration;
    block.random[at] = segment.random;
    block.size[at] = segment.size;
    block.configuration[at] = segment.configuration;
    block.discontinuitiesBefore[at] = segment.discontinuitiesBefore;
    block.setUp[at] = placeOf(this.#setUps, segment.setUp);
    block.run[at] = placeOf(this.#runs, segment.run);
    block.fragments[at] = segment.fragments;
    block.flags[at] = flagsOf(segment);
    this.#oldest = Math.min(this.#oldest, segment.serverTimestamp);
  }

  /** Says that no more will be appended: most ranges have a few segments, and shall not keep the memory of thousands. */
  finish(): void {
    const last = this.#blocks.pop();
    if (last !== undefined) this.#blocks.push(trimmed(last, this.#length - this.#blocks.length * BLOCK));
  }

  at(place: number): Segment | undefined {
    const index = place < 0 ? this.#length + place : place;
    if (!(index >= 0 && index < this.#length)) return undefined;
    const block = this.#blocks[index >>> BLOCK_BITS]!;
    const at = index & IN_BLOCK;
    const flags = block.flags[at]!;
    const start = block.start[at]!;
    const duration = block.duration[at]!;
    const serverTimestamp = block.serverTimestamp[at]!;
    return {
      number: this.#firstNumber + index,
      sequence: block.sequence[at]!,
      serverTimestamp,
      random: block.random[at]!,
      lastSequence: block.lastSequence[at]!,
      fragments: block.fragments[at]!,
      start,
      end: start + duration,
      shownStart: flags & SHOWS_PRODUCER ? start : serverTimestamp,
      duration,
      size: block.size[at]!,
      configuration: block.configuration[at]!,
      startsClean: (flags & STARTS_CLEAN) !== 0,
      breaks: (flags & BREAKS) !== 0,
      gap: (flags & GAP) !== 0,
      discontinuity: (flags & DISCONTINUITY) !== 0,
      discontinuitiesBefore: block.discontinuitiesBefore[at]!,
      setUp: this.#setUps[block.setUp[at]!]!,
      run: this.#runs[block.run[at]!]!,
    };
  }

  *[Symbol.iterator](): Generator<Segment> {
    for (let place = 0; place < this.#length; place++) yield this.at(place)!;
  }

  /** @param first place of the first one */
  *listed(first = 0): Generator<ListedSegment> {
    if (first >= this.#length) return;
    const listed: { -readonly [Name in keyof ListedSegment]: ListedSegment[Name] } = this.at(first)!;
    for (let index = first; index < this.#length; index++) {
      const block = this.#blocks[index >>> BLOCK_BITS]!;
      const at = index & IN_BLOCK;
      const flags = block.flags[at]!;
      listed.sequence = block.sequence[at]!;
      listed.serverTimestamp = block.serverTimestamp[at]!;
      listed.random = block.random[at]!;
      listed.fragments = block.fragments[at]!;
      listed.duration = block.duration[at]!;
      listed.configuration = block.configuration[at]!;
      listed.shownStart = flags & SHOWS_PRODUCER ? block.start[at]! : listed.serverTimestamp;
      listed.gap = (flags & GAP) !== 0;
      listed.discontinuity = (flags & DISCONTINUITY) !== 0;
      listed.setUp = this.#setUps[block.setUp[at]!]!;
      yield listed;
    }
  }

  /** What a horizon has let go of: how many segments that arrived before it, the place of the first that did not, and when the oldest of those did. */
  expired(horizon: number): { readonly count: number; readonly firstLeft: number; readonly oldestLeft: number } {
    let count = 0;
    let firstLeft = this.#length;
    let oldestLeft = Number.POSITIVE_INFINITY;
    // From the end, so that the first one is the last that is found.
    for (let place = this.#length - 1; place >= 0; place--) {
      const arrived = this.#blocks[place >>> BLOCK_BITS]!.serverTimestamp[place & IN_BLOCK]!;
      if (arrived < horizon) {
        count++;
      } else {
        firstLeft = place;
        oldestLeft = Math.min(oldestLeft, arrived);
      }
    }
    return { count, firstLeft, oldestLeft };
  }
}

/** The place of what follows equal ones, or comes anew. */
function placeOf<Shared>(all: Shared[], shared: Shared): number {
  if (all.at(-1) !== shared) all.push(shared);
  return all.length - 1;
}

function flagsOf(segment: Segment): number {
  return (
    (segment.startsClean ? STARTS_CLEAN : 0) |
    (segment.breaks ? BREAKS : 0) |
    (segment.gap ? GAP : 0) |
    (segment.discontinuity ? DISCONTINUITY : 0) |
    (segment.shownStart === segment.serverTimestamp ? 0 : SHOWS_PRODUCER)
  );
}

/** What is left of a list behind a place, when what arrived before a moment has expired: what expired further on is a gap, as is what is lost. */
export class LeftSegments implements Segments {
  readonly #list: SegmentList;
  readonly #first: number;
  readonly #horizon: number;
  readonly #lost: Pick<LostSegments, "has">;
  readonly length: number;

  constructor(list: SegmentList, first: number, horizon: number, lost: Pick<LostSegments, "has">) {
    this.#list = list;
    this.#first = first;
    this.#horizon = horizon;
    this.#lost = lost;
    this.length = list.length - first;
  }

  at(place: number): Segment | undefined {
    if (place < -this.length) return undefined;
    const segment = this.#list.at(place < 0 ? place : this.#first + place);
    return segment === undefined || this.#isThere(segment) ? segment : { ...segment, gap: true };
  }

  *[Symbol.iterator](): Generator<Segment> {
    for (let place = 0; place < this.length; place++) yield this.at(place)!;
  }

  *listed(): Generator<ListedSegment> {
    for (const listed of this.#list.listed(this.#first)) {
      if (this.#isThere(listed)) yield listed;
      else yield { ...listed, gap: true };
    }
  }

  #isThere(segment: ListedSegment): boolean {
    return segment.serverTimestamp >= this.#horizon && !this.#lost.has(segment);
  }
}
