import {
  CodecError,
  clusterHeader,
  describeTrack,
  MatroskaDemuxer,
  type MatroskaHeader,
  type MatroskaTrack,
  type MediaCodec,
} from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import { DomainError } from "../errors.ts";
import type { StoredFragment } from "../fragments/archive.ts";
import { codecRefusal } from "../fragments/codec-errors.ts";
import { headOf } from "../fragments/demux-fragment.ts";
import { formatFragmentNumber } from "../fragments/fragment-number.ts";
import { type LentBytes, releaseAll } from "../lent-bytes.ts";
import { packetsOf } from "./packets.ts";

/** A track of a clip. */
export interface ClipTrack {
  /** Its id in the clip, from 1: video before audio, each in the order of the producer's header. */
  readonly id: number;
  readonly track: MatroskaTrack;
  readonly codec: MediaCodec;
}

/** What AWS puts into a clip (AWS docs, "GetClip"). */
const AWS_CODECS: ReadonlySet<string> = new Set(["h264", "h265", "aac", "pcma"]);

/**
 * The tracks of a clip as `fragment` has them, whose beginning is read for it. Tracks that are neither video nor audio are left out.
 * @throws DomainError `unsupported-media`, `missing-codec-data` or `invalid-codec-data`, naming codec and fragment
 */
export async function readTracks(
  fragment: StoredFragment,
  awsCodecs: boolean,
): Promise<{ header: MatroskaHeader; tracks: readonly ClipTrack[] }> {
  const pieces: LentBytes[] = [];
  try {
    const { header, keyFrames } = await readBeginning(fragment, pieces);
    const wanted = header?.tracks.filter(isAudiovisual) ?? [];
    if (header === undefined || wanted.length === 0) {
      throw unsupported(fragment.row, "has no track of video or audio");
    }
    const tracks = wanted
      .toSorted((a, b) => Number(a.type === "audio") - Number(b.type === "audio"))
      .map((track, index) => ({ id: index + 1, track, codec: describe(track, keyFrames, fragment.row, awsCodecs) }));
    return { header, tracks };
  } finally {
    releaseAll(pieces);
  }
}

/**
 * The producer's header of a fragment, of which no more is read.
 * @throws MatroskaError, and DomainError `unsupported-media` where there is none
 */
export async function readHeader(fragment: StoredFragment): Promise<MatroskaHeader> {
  let header: MatroskaHeader | undefined;
  try {
    new MatroskaDemuxer({
      onHeader: (told) => {
        header = told;
      },
      onPacket: () => undefined,
    }).feed(Buffer.concat([headOf(fragment), clusterHeader(0)]));
  } finally {
    await fragment.close();
  }
  if (header === undefined) throw unsupported(fragment.row, "has no track of video or audio");
  return header;
}

const isAudiovisual = ({ type }: MatroskaTrack): boolean => type === "video" || type === "audio";

interface Beginning {
  header: MatroskaHeader | undefined;
  /** The first key frame of each track, by the track's number. */
  readonly keyFrames: ReadonlyMap<number, Uint8Array>;
}

/**
 * Reads until each track of video and audio has had a key frame, which the first piece has for all but broken media. They lie in `pieces`, to
 * which it adds.
 */
async function readBeginning(fragment: StoredFragment, pieces: LentBytes[]): Promise<Beginning> {
  const keyFrames = new Map<number, Uint8Array>();
  let header: MatroskaHeader | undefined;
  for await (const piece of packetsOf(fragment)) {
    pieces.push(piece);
    header = piece.header;
    for (const { track, keyframe, data } of piece.packets) {
      if (keyframe && !keyFrames.has(track.number)) keyFrames.set(track.number, data);
    }
    if (header.tracks.every((track) => !isAudiovisual(track) || keyFrames.has(track.number))) break;
  }
  return { header, keyFrames };
}

function describe(
  track: MatroskaTrack,
  keyFrames: Beginning["keyFrames"],
  row: FragmentRow,
  awsCodecs: boolean,
): MediaCodec {
  try {
    const codec = describeTrack(track, keyFrames.get(track.number));
    if (!awsCodecs || AWS_CODECS.has(codec.name)) return codec;
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw codecRefusal(error, about(row, `cannot be put into a clip: track ${track.number}, ${error.message}`));
  }
  throw unsupported(row, `has a track that AWS puts into no clip: ${track.number}, ${track.codecId}`);
}

const about = (row: FragmentRow, what: string): string => `Fragment ${formatFragmentNumber(row)} ${what}.`;

const unsupported = (row: FragmentRow, what: string): DomainError =>
  new DomainError("unsupported-media", about(row, what));
