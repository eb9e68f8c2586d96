import { box, type Cursor, fields, fullBox, type Piece } from "./box.ts";

/** One stretch of a track's presentation. */
export interface Edit {
  /** Movie ticks. */
  readonly duration: number;
  /** Where on the track's own timeline it begins, in the track's ticks; undefined for a stretch of nothing. */
  readonly mediaTime: number | undefined;
}

const MAX_UINT32 = 0xffff_ffff;
const MAX_INT32 = 0x7fff_ffff;
const RATE_1 = 0x1_0000;
/** media_time of a stretch of nothing: -1 in either length. */
const NOTHING = -1;

function writeLong(out: Cursor, { duration, mediaTime }: Edit): void {
  out.u64(duration);
  if (mediaTime === undefined) {
    out.i32(NOTHING);
    out.i32(NOTHING);
  } else {
    out.u64(mediaTime);
  }
  out.u32(RATE_1);
}

function writeShort(out: Cursor, { duration, mediaTime }: Edit): void {
  out.u32(duration);
  out.i32(mediaTime ?? NOTHING);
  out.u32(RATE_1);
}

/** The edts box that maps a presentation to a track's timeline (ISO/IEC 14496-12, section 8.6.6). */
export function editList(edits: readonly Edit[]): Piece {
  const long = edits.some(({ duration, mediaTime = 0 }) => duration > MAX_UINT32 || mediaTime > MAX_INT32);
  const write = long ? writeLong : writeShort;
  const entries = fields(4 + edits.length * (long ? 20 : 12), (out) => {
    out.u32(edits.length);
    for (const edit of edits) write(out, edit);
  });
  return box("edts", fullBox("elst", long ? 1 : 0, 0, entries));
}
