import type { MediaCodec } from "../codecs/model.ts";
import { box, type Cursor, fields, fullBox, type Piece } from "./box.ts";

/** A track as a file's header describes it. */
export interface Mp4Track {
  /** From 1, unique in its file. */
  readonly id: number;
  readonly codec: MediaCodec;
  /** Ticks a second of the track's times. */
  readonly timescale: number;
  /** Code of ISO 639-2/T, such as "deu"; anything else counts as undetermined. */
  readonly language?: string;
  /** ASCII; other characters are replaced. */
  readonly name?: string;
}

/** Ticks a second of times that concern all tracks, such as those of edit lists. */
export const MOVIE_TIMESCALE = 90_000;

/** Durations above this take the 64 bits of version 1. */
const MAX_UINT32 = 0xffff_ffff;
/** The matrix that leaves pictures as they are, in 16.16 and 2.30 (ISO/IEC 14496-12, section 8.2.2). */
const IDENTITY = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
const FULL_VOLUME = 0x0100;
/** track_enabled and track_in_movie (ISO/IEC 14496-12, section 8.3.2.3). */
const TRACK_FLAGS = 3;
/** Data of the track are in the same file. */
const SELF_CONTAINED = 1;
const UNDETERMINED = "und";

/** How many bytes a duration and its version take. */
function durationField(duration: number): { version: number; bytes: number; write: (out: Cursor) => void } {
  return duration > MAX_UINT32
    ? { version: 1, bytes: 8, write: (out) => out.u64(duration) }
    : { version: 0, bytes: 4, write: (out) => out.u32(duration) };
}

function matrix(out: Cursor): void {
  for (const value of IDENTITY) out.u32(value);
}

/** The mvhd box; `duration` in movie ticks, 0 for fragmented files. */
export function movieHeader(duration: number, nextTrackId: number): Piece {
  const { version, bytes, write } = durationField(duration);
  const header = fields(3 * bytes + 84, (out) => {
    out.zeros(2 * bytes); // creation and modification time: not known
    out.u32(MOVIE_TIMESCALE);
    write(out);
    out.u32(0x1_0000); // rate 1
    out.u16(FULL_VOLUME);
    out.zeros(10);
    matrix(out);
    out.zeros(24);
    out.u32(nextTrackId);
  });
  return fullBox("mvhd", version, 0, header);
}

/** The tkhd box; `duration` in movie ticks, 0 for fragmented files. */
export function trackHeader({ id, codec }: Mp4Track, duration: number): Piece {
  const { version, bytes, write } = durationField(duration);
  const header = fields(3 * bytes + 68, (out) => {
    out.zeros(2 * bytes);
    out.u32(id);
    out.zeros(4);
    write(out);
    out.zeros(8);
    out.u16(0); // layer
    out.u16(codec.kind === "audio" ? 1 : 0); // alternate_group: players play one track of a group
    out.u16(codec.kind === "audio" ? FULL_VOLUME : 0);
    out.zeros(2);
    matrix(out);
    out.u32(codec.kind === "video" ? codec.displayWidth * 0x1_0000 : 0);
    out.u32(codec.kind === "video" ? codec.displayHeight * 0x1_0000 : 0);
  });
  return fullBox("tkhd", version, TRACK_FLAGS, header);
}

/** The mdhd box; `duration` in the track's ticks, 0 for fragmented files. */
function mediaHeader({ timescale, language = UNDETERMINED }: Mp4Track, duration: number): Piece {
  const { version, bytes, write } = durationField(duration);
  const code = /^[a-z]{3}$/.test(language) ? language : UNDETERMINED;
  const packed = [...code].reduce((value, letter) => value * 32 + letter.charCodeAt(0) - 0x60, 0);
  const header = fields(3 * bytes + 8, (out) => {
    out.zeros(2 * bytes);
    out.u32(timescale);
    write(out);
    out.u16(packed);
    out.zeros(2);
  });
  return fullBox("mdhd", version, 0, header);
}

function handler({ codec, name }: Mp4Track): Piece {
  const title = (name ?? (codec.kind === "video" ? "Video" : "Audio")).replace(/[^ -~]/g, "?");
  const description = fields(21 + title.length, (out) => {
    out.zeros(4);
    out.ascii(codec.kind === "video" ? "vide" : "soun");
    out.zeros(12);
    out.ascii(title);
    out.u8(0);
  });
  return fullBox("hdlr", 0, 0, description);
}

function typeHeader(codec: MediaCodec): Piece {
  return codec.kind === "video"
    ? fullBox(
        "vmhd",
        0,
        1,
        fields(8, (out) => out.zeros(8)),
      )
    : fullBox(
        "smhd",
        0,
        0,
        fields(4, (out) => out.zeros(4)),
      );
}

function dataInformation(): Piece {
  const reference = fullBox("url ", 0, SELF_CONTAINED);
  return box(
    "dinf",
    fullBox(
      "dref",
      0,
      0,
      fields(4, (out) => out.u32(1)),
      reference,
    ),
  );
}

/** The mdia box of a track around its sample table; `duration` in the track's ticks. */
export function media(track: Mp4Track, duration: number, sampleTable: Piece): Piece {
  const information = box("minf", typeHeader(track.codec), dataInformation(), sampleTable);
  return box("mdia", mediaHeader(track, duration), handler(track), information);
}

/** A table of `count` entries of `entryBytes` each behind its count, as most boxes of a sample table are. */
export function table(type: string, count: number, entryBytes: number, write: (out: Cursor) => void): Piece {
  const entries = fields(4 + count * entryBytes, (out) => {
    out.u32(count);
    write(out);
  });
  return fullBox(type, 0, 0, entries);
}

/** The ftyp or styp box (ISO/IEC 14496-12, section 4.3). */
export function fileType(type: "ftyp" | "styp", major: string, version: number, compatible: readonly string[]): Piece {
  const brands = fields(8 + 4 * compatible.length, (out) => {
    out.ascii(major);
    out.u32(version);
    for (const brand of compatible) out.ascii(brand);
  });
  return box(type, brands);
}
