import type { CodedSamples, Sample } from "../samples/model.ts";
import { box, type Cursor, fields, fullBox, mediaDataHeader, type Piece, serialize } from "./box.ts";
import { compositionShift } from "./composition-shift.ts";
import { fileType } from "./movie.ts";
import { sampleFlags } from "./sample-flags.ts";

/** One track's part of a segment. */
export interface SegmentTrack {
  /** The id that the track has in the initialization segment. */
  readonly id: number;
  readonly samples: CodedSamples;
  /** Ticks that are added to the samples' times; none if not given. */
  readonly baseTicks?: number;
}

/** What a media segment is made of. */
export interface SegmentSettings {
  /** sequence_number of the fragment, 0 to 2^32-1. */
  readonly sequence: number;
  readonly tracks: readonly SegmentTrack[];
  /** Whether the segment begins with a styp box; true if not given. Later parts of a segment have none. */
  readonly segmentType?: boolean;
}

/** A media segment: `head`, and behind it the frames. */
export interface MediaSegment {
  /** All boxes, up to and with the header of mdat. */
  readonly head: Uint8Array;
  /** The frames, in order: the samples' own data, not copied. */
  readonly payload: readonly Uint8Array[];
  /** Where in `head` each track's 64-bit base decode time lies; 0 for a track without samples. */
  readonly timeOffsets: readonly number[];
  /** Ticks of each track's base decode time, which may be negative where the field in `head`, which cannot, has 0. */
  readonly baseTimes: readonly number[];
}

/** Flags of tfhd and trun (ISO/IEC 14496-12, sections 8.8.7 and 8.8.8). */
const DEFAULT_BASE_IS_MOOF = 0x02_0000;
const DEFAULT_DURATION = 0x08;
const DEFAULT_SIZE = 0x10;
const DEFAULT_FLAGS = 0x20;
const DATA_OFFSET = 0x001;
const FIRST_FLAGS = 0x004;
const EACH_DURATION = 0x100;
const EACH_SIZE = 0x200;
const EACH_FLAGS = 0x400;
const EACH_OFFSET = 0x800;

/** What the samples of a track have in common and need not say one by one. */
interface Commons {
  duration: boolean;
  size: boolean;
  keyframe: boolean;
  /** All but the first are alike. */
  laterKeyframe: boolean;
  noOffset: boolean;
}

function commonsOf(samples: readonly Sample[], shift: number): Commons {
  const first = samples[0]!;
  const second = samples[1] ?? first;
  const commons: Commons = { duration: true, size: true, keyframe: true, laterKeyframe: true, noOffset: true };
  for (const sample of samples) {
    commons.duration &&= sample.duration === first.duration;
    commons.size &&= sample.data.length === first.data.length;
    commons.keyframe &&= sample.keyframe === first.keyframe;
    commons.laterKeyframe &&= sample === first || sample.keyframe === second.keyframe;
    commons.noOffset &&= sample.compositionOffset + shift === 0;
  }
  return commons;
}

function trackFragmentHeader(id: number, samples: readonly Sample[], commons: Commons): Piece {
  const first = samples[0]!;
  const common = samples[1] ?? first;
  const optional: number[] = [];
  let flags = DEFAULT_BASE_IS_MOOF;
  const add = (flag: number, value: number): void => {
    flags |= flag;
    optional.push(value);
  };
  if (commons.duration) add(DEFAULT_DURATION, first.duration);
  if (commons.size) add(DEFAULT_SIZE, first.data.length);
  if (commons.laterKeyframe) add(DEFAULT_FLAGS, sampleFlags(common.keyframe));
  const header = fields(4 + 4 * optional.length, (out) => {
    out.u32(id);
    for (const value of optional) out.u32(value);
  });
  return fullBox("tfhd", 0, flags, header);
}

function trackRun(samples: readonly Sample[], commons: Commons, shift: number, dataOffset: () => number): Piece {
  const firstFlags = commons.laterKeyframe && !commons.keyframe;
  let flags = DATA_OFFSET;
  if (firstFlags) flags |= FIRST_FLAGS;
  if (!commons.duration) flags |= EACH_DURATION;
  if (!commons.size) flags |= EACH_SIZE;
  if (!commons.laterKeyframe) flags |= EACH_FLAGS;
  if (!commons.noOffset) flags |= EACH_OFFSET;
  const each = [EACH_DURATION, EACH_SIZE, EACH_FLAGS, EACH_OFFSET].filter((flag) => flags & flag).length * 4;
  const run = fields(8 + (firstFlags ? 4 : 0) + samples.length * each, (out) => {
    out.u32(samples.length);
    out.u32(dataOffset());
    if (firstFlags) out.u32(sampleFlags(samples[0]!.keyframe));
    for (const sample of samples) {
      if (!commons.duration) out.u32(sample.duration);
      if (!commons.size) out.u32(sample.data.length);
      if (!commons.laterKeyframe) out.u32(sampleFlags(sample.keyframe));
      if (!commons.noOffset) out.i32(sample.compositionOffset + shift);
    }
  });
  return fullBox("trun", 1, flags, run);
}

function baseDecodeTime(time: number, onOffset: (offset: number) => void): Piece {
  const field = fields(8, (out: Cursor) => {
    onOffset(out.at);
    out.u64(Math.max(0, time));
  });
  return fullBox("tfdt", 1, 0, field);
}

/**
 * A movie fragment with its media, for the initialization segment that `initSegment` makes (ISO/IEC 14496-12, section
 * 8.8). Base decode times cannot be negative: a track whose first would be begins at 0.
 */
export function mediaSegment({ sequence, tracks, segmentType = true }: SegmentSettings): MediaSegment {
  const payload: Uint8Array[] = [];
  const timeOffsets = tracks.map(() => 0);
  const baseTimes = tracks.map(({ samples, baseTicks = 0 }) => (samples.samples[0]?.decodeTime ?? 0) + baseTicks);
  const trafs: Piece[] = [];
  let payloadBytes = 0;
  let payloadStart = 0;
  tracks.forEach(({ id, samples: { samples, codec } }, index) => {
    if (samples.length === 0) return;
    const shift = compositionShift(codec);
    const commons = commonsOf(samples, shift);
    const before = payloadBytes;
    for (const { data } of samples) {
      payload.push(data);
      payloadBytes += data.length;
    }
    const time = baseDecodeTime(baseTimes[index]!, (offset) => {
      timeOffsets[index] = offset;
    });
    const run = trackRun(samples, commons, shift, () => payloadStart + before);
    trafs.push(box("traf", trackFragmentHeader(id, samples, commons), time, run));
  });
  const moof = box(
    "moof",
    fullBox(
      "mfhd",
      0,
      0,
      fields(4, (out) => out.u32(sequence)),
    ),
    ...trafs,
  );
  const mdat = mediaDataHeader(payloadBytes);
  payloadStart = moof.bytes + mdat.bytes;
  const styp = segmentType ? [fileType("styp", "msdh", 0, ["msdh", "iso6"])] : [];
  return { head: serialize(...styp, moof, mdat), payload, timeOffsets, baseTimes };
}

/**
 * A copy of a segment's head with `shifts` added to the base decode times of its tracks, in ticks of each: the place of
 * a segment on the timeline of one session. Times below 0 become 0.
 */
export function rebase({ head, timeOffsets, baseTimes }: MediaSegment, shifts: readonly number[]): Uint8Array {
  const copy = head.slice();
  const view = new DataView(copy.buffer);
  timeOffsets.forEach((offset, index) => {
    if (offset === 0) return;
    view.setBigUint64(offset, BigInt(Math.max(0, baseTimes[index]! + (shifts[index] ?? 0))));
  });
  return copy;
}
