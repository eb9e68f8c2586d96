import { box, fields, fullBox, type Piece, serialize } from "./box.ts";
import { compositionShift } from "./composition-shift.ts";
import { editList } from "./edit-list.ts";
import { fileType, type Mp4Track, media, movieHeader, table, trackHeader } from "./movie.ts";
import { sampleEntry } from "./sample-entry.ts";

/** Default-base-is-moof comes with iso5, signed composition offsets with iso4 (ISO/IEC 14496-12, annex E). */
const BRANDS = ["iso5", "iso6", "mp41"];
const NOTHING = (): void => {};

/** The boxes that a sample table must have, all empty: fragments bring the samples. */
function emptySampleTable(track: Mp4Track): Piece {
  const description = sampleEntry(track.codec);
  return box(
    "stbl",
    table("stsd", 1, description.bytes, (out) => description.write(out)),
    table("stts", 0, 0, NOTHING),
    table("stsc", 0, 0, NOTHING),
    fullBox(
      "stsz",
      0,
      0,
      fields(8, (out) => out.zeros(8)),
    ),
    table("stco", 0, 0, NOTHING),
  );
}

function fragmentDefaults({ id }: Mp4Track): Piece {
  const defaults = fields(20, (out) => {
    out.u32(id);
    out.u32(1); // default_sample_description_index
    out.zeros(12);
  });
  return fullBox("trex", 0, 0, defaults);
}

/** The edit list takes off what `mediaSegment` adds to composition times; a duration of 0 stands for all that follows. */
function fragmentedTrack(track: Mp4Track): Piece {
  const shift = compositionShift(track.codec);
  const edits = shift > 0 ? [editList([{ duration: 0, mediaTime: shift }])] : [];
  return box("trak", trackHeader(track, 0), ...edits, media(track, 0, emptySampleTable(track)));
}

/**
 * The initialization segment for `mediaSegment`s of these tracks, whose ids differ: ftyp and moov with mvex
 * (ISO/IEC 14496-12, section 8.8; RFC 8216, section 3.3).
 */
export function initSegment(tracks: readonly Mp4Track[]): Uint8Array {
  const nextTrackId = Math.max(0, ...tracks.map(({ id }) => id)) + 1;
  const traks = tracks.map(fragmentedTrack);
  const extension = box("mvex", ...tracks.map(fragmentDefaults));
  const av1 = tracks.some(({ codec }) => codec.name === "av1");
  const brands = av1 ? [...BRANDS, "av01"] : BRANDS;
  return serialize(
    fileType("ftyp", "iso5", 512, brands),
    box("moov", movieHeader(0, nextTrackId), ...traks, extension),
  );
}
