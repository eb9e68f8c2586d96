import { setImmediate as nextTurn } from "node:timers/promises";
import {
  AsciiWriter,
  expectedBytes,
  type MediaPlaylist,
  type MediaPlaylistEnd,
  MediaPlaylistWriter,
  multivariantPlaylist,
  type PlaylistSegment,
  TextWriter,
  type WriterHead,
} from "@kvass/media";
import { FRAGMENT_NUMBER_DIGITS, formatFragmentNumber, writeFragmentNumber } from "../fragments/fragment-number.ts";
import type { Segment, SegmentName, SetUp } from "./segment.ts";
import type { ListedSegment, Segments } from "./segment-list.ts";
import type { PlaybackSession } from "./session.ts";
import type { PlaylistWindow } from "./timeline.ts";
import type { Track } from "./tracks.ts";

/** EXT-X-MEDIA's GROUP-ID, as Kinesis Video Streams names it. */
const AUDIO_GROUP = "audio";

/** How a query names a segment: `FragmentNumber`, and `FragmentCount` where it joins several. */
export function segmentQuery({ fragmentNumber, fragments }: SegmentName): string {
  return fragments === 1 ? fragmentNumber : `${fragmentNumber}&FragmentCount=${fragments}`;
}

/** The query parameter of Kvass's own that asks for low-latency playlists. */
const LOW_LATENCY = "&LowLatency=1";

/** Segments beyond which a playlist lies in its token's folder: more than AWS lists (`MaxMediaPlaylistFragmentResults`). */
const MOST_SEGMENTS_OF_AWS = 5000;

/** Where a session's Media Playlists are, relative to its Multivariant Playlist. */
export type PlaylistPlace = "query" | "low-latency" | "folder";

/**
 * The Media Playlist of a track, relative to the other playlists of the session. One that is longer than AWS makes any lies in a folder whose name is the
 * token, so that its thousands of URIs need not repeat that, and one text serves all sessions of the range.
 */
export function mediaPlaylistUri({ token }: { readonly token: string }, track: number, place: PlaylistPlace): string {
  if (place === "folder") return `${token}/getHLSMediaPlaylist.m3u8?TrackNumber=${track}`;
  const parameters = `SessionToken=${token}&TrackNumber=${track}`;
  return `getHLSMediaPlaylist.m3u8?${parameters}${place === "low-latency" ? LOW_LATENCY : ""}`;
}

/** Whether a window's Media Playlists lie in the folder of the session's token, if it is that of an archived range. */
export const isLong = ({ segments }: PlaylistWindow): boolean => segments.length > MOST_SEGMENTS_OF_AWS;

async function placeOf(session: PlaybackSession): Promise<PlaylistPlace> {
  return session.isStatic && isLong(await session.window()) ? "folder" : "query";
}

/**
 * The Multivariant Playlist (AWS docs, "GetHLSMasterPlaylist"): one variant, its sound beside it in fragmented MP4 and within it in MPEG-TS, where
 * further sounds are beside it too. Of several sounds without a picture the first is the variant and a rendition, of one URI.
 */
export async function hlsMultivariant(session: PlaybackSession, lowLatency = false): Promise<string> {
  const { parameters, peakBandwidth, averageBandwidth, joins } = session.grant;
  const tracks = await session.tracks();
  const place = lowLatency ? "low-latency" : await placeOf(session);
  const [main] = tracks;
  const video = main!.codec.kind === "video" ? main!.codec : undefined;
  const sounds = tracks.filter(({ codec }) => codec.kind === "audio");
  const isMuxed = parameters.container === "ts" && video !== undefined;
  const separate = sounds.length < 2 && (isMuxed || video === undefined) ? [] : sounds;
  return multivariantPlaylist({
    renditions: separate.map((track, index) => ({
      groupId: AUDIO_GROUP,
      name: renditionName(track, separate),
      uri: isMuxed && index === 0 ? undefined : mediaPlaylistUri(session, track.number, place),
      language: languageOf(track, separate),
      isDefault: index === 0,
      channels: track.codec.kind === "audio" ? track.codec.channels : undefined,
    })),
    variants: [
      {
        uri: mediaPlaylistUri(session, main!.number, place),
        bandwidth: Math.max(1, peakBandwidth),
        averageBandwidth: Math.max(1, averageBandwidth),
        codecs: [...new Set(tracks.map(({ codec }) => codec.rfc6381))],
        resolution: video && { width: video.displayWidth, height: video.displayHeight },
        frameRate: main!.frameRate,
        audioGroup: separate.length > 0 ? AUDIO_GROUP : undefined,
      },
    ],
    independentSegments: joins || undefined,
  });
}

/** A language as playlists and manifests hold it (RFC 5646; xs:language): what a producer writes may be anything. */
const LANGUAGE = /^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*$/;

/** The language of one sound of several. A single one is taken for English where its producer says nothing, which helps nobody. */
export function languageOf({ language }: Track, all: readonly Track[]): string | undefined {
  return language === "und" || all.length < 2 || !LANGUAGE.test(language) ? undefined : shortest(language);
}

/** Matroska's codes of three letters (ISO 639-2, of either kind) as those of two where there is one, as RFC 5646, section 2.2.1, wants it. */
function shortest(language: string): string {
  try {
    return Intl.getCanonicalLocales(language)[0]!;
  } catch {
    return language;
  }
}

/** What the producer calls a track, with its number where another has that name too. */
function renditionName(track: Track, all: readonly Track[]): string {
  const name = track.name || "audio";
  const alone = all.every((other) => other === track || (other.name || "audio") !== name);
  return alone ? name : `${name} ${track.number}`;
}

/** What EXTINF with its line feeds, EXT-X-DISCONTINUITY and EXT-X-PROGRAM-DATE-TIME take. */
const EXTINF_BYTES = 18;
const DISCONTINUITY_BYTES = 21;
const DATE_TIME_BYTES = 50;
/** Segments that are written before the event loop gets its turn: some milliseconds. */
const SEGMENTS_PER_TURN = 4096;

/**
 * The Media Playlist of one track (AWS docs, "GetHLSMediaPlaylist"), of which the first stands for the picture and its sound in MPEG-TS; ASCII.
 * @param inFolder whether it lies in the folder of the session's token, which its URIs then leave out
 */
export function hlsMedia(session: PlaybackSession, track: Track, window: PlaylistWindow, inFolder: boolean): string {
  const writer = new MediaPlaylistWriter(headOf(session, track, window, inFolder), new TextWriter());
  const entry = entries(session, track, inFolder, listedName);
  for (const segment of window.segments) writer.segment(entry(segment));
  return writer.finish(endOf(session, window));
}

/**
 * The same as bytes, for a window of any length, written in turns with what else there is to do.
 * @param onWritten told of the bytes so far, which will not change any more, at each turn: it may begin with what is to be done with them
 */
export async function hlsLongMedia(
  session: PlaybackSession,
  track: Track,
  window: PlaylistWindow,
  inFolder: boolean,
  onWritten: (soFar: Uint8Array) => void,
): Promise<Uint8Array> {
  const { segments } = window;
  const head = headOf(session, track, window, inFolder);
  const bytes = expectedBytes(head, segments.length, segmentBytes(session));
  const writer = new MediaPlaylistWriter(head, new AsciiWriter(bytes));
  const entry = entries(session, track, inFolder, nameBytes());
  const left = (segments.listed?.() ?? segments)[Symbol.iterator]();
  while (writeSome(writer, left, entry)) {
    onWritten(writer.written);
    await nextTurn();
  }
  return writer.finish(endOf(session, window));
}

/** Writes as many segments as a turn may take; whether there may be more. A function of its own is compiled with the first turns of the first playlist. */
function writeSome(
  writer: MediaPlaylistWriter<unknown>,
  segments: Iterator<ListedSegment>,
  entry: (segment: ListedSegment) => PlaylistSegment,
): boolean {
  for (let left = SEGMENTS_PER_TURN; left > 0; left--) {
    const { done, value } = segments.next();
    if (done) return false;
    writer.segment(entry(value));
  }
  return true;
}

/** Bytes that the lines of a segment take, about, without what all URIs begin and end with. */
function segmentBytes({ grant }: PlaybackSession): number {
  const { discontinuities, showTimestamps } = grant.parameters;
  const marks = discontinuities === "always" ? DISCONTINUITY_BYTES : 0;
  return FRAGMENT_NUMBER_DIGITS + EXTINF_BYTES + marks + (showTimestamps ? DATE_TIME_BYTES : 0);
}

/** What a playlist says before its segments. */
function headOf(
  session: PlaybackSession,
  track: Track,
  { segments, longest, startClean }: PlaylistWindow,
  inFolder: boolean,
): WriterHead {
  const { mode, container } = session.grant.parameters;
  return {
    ...uris(session, track, inFolder),
    ...listed(segments, startClean),
    type: mode === "on-demand" ? "VOD" : undefined,
    targetDurationSeconds: targetSeconds(session, longest),
    hasMaps: container === "fmp4" && segments.length > 0,
  };
}

/** What it says behind them. */
function endOf({ grant }: PlaybackSession, { segments, ended }: PlaylistWindow): MediaPlaylistEnd {
  return { endsInDiscontinuity: grant.parameters.discontinuities === "always" && segments.length > 0, ended };
}

const listedName = (segment: ListedSegment): string =>
  segmentQuery({ fragmentNumber: formatFragmentNumber(segment), fragments: segment.fragments });

/** Writes names to the same bytes again and again. */
function nameBytes(): (segment: ListedSegment) => string | Uint8Array {
  const digits = new Uint8Array(FRAGMENT_NUMBER_DIGITS);
  return (segment) => {
    if (segment.fragments > 1) return listedName(segment);
    writeFragmentNumber(segment, digits);
    return digits;
  };
}

/** Equal for sessions whose Media Playlists of the track have the same bytes where no token is in them. */
export function hlsMediaKey({ grant }: PlaybackSession, { number }: Track, { list }: PlaylistWindow): string {
  const { container, showTimestamps } = grant.parameters;
  return `list/${list}/${container}/${number}/${showTimestamps}/${grant.targetSeconds}`;
}

/** EXT-X-TARGETDURATION of a session whose longest segment so far has `longest` milliseconds. */
export const targetSeconds = ({ grant }: PlaybackSession, longest: number): number =>
  Math.max(grant.targetSeconds, Math.ceil(longest / 1000));

/** What a Media Playlist says of its segments as a whole. */
export function listed(
  segments: Segments,
  startClean: boolean,
): Pick<MediaPlaylist, "mediaSequence" | "discontinuitySequence" | "independentSegments"> {
  const [first, last] = [segments.at(0), segments.at(-1)];
  const marked = last !== undefined && (last.discontinuity || last.discontinuitiesBefore > 0);
  return {
    mediaSequence: first?.number,
    discontinuitySequence: marked ? first?.discontinuitiesBefore : undefined,
    independentSegments: startClean,
  };
}

const tokenParameter = ({ token }: PlaybackSession, inFolder: boolean): string =>
  inFolder ? "" : `&SessionToken=${token}`;

/** What the URIs of a track's segments begin and end with. */
export function uris(
  session: PlaybackSession,
  { number }: Track,
  inFolder = false,
): { uriPrefix: string; uriSuffix: string } {
  const token = tokenParameter(session, inFolder);
  if (session.grant.parameters.container === "ts") {
    const sound = number === 1 ? "" : `&TrackNumber=${number}`;
    return { uriPrefix: "getTSFragment.ts?FragmentNumber=", uriSuffix: token + sound };
  }
  return {
    uriPrefix: "getMP4MediaFragment.mp4?FragmentNumber=",
    uriSuffix: `${token}&TrackNumber=${number}`,
  };
}

/** The segments of a track as its playlist lists them, with their times where `showTimestamps` wants that. */
export function playlistSegments(
  session: PlaybackSession,
  track: Track,
  segments: readonly Segment[],
  showTimestamps: boolean,
): PlaylistSegment[] {
  return segments.map(entries(session, track, false, listedName, showTimestamps));
}

/** Makes, in order, segments of a track what its playlist lists; `name` gives what tells their URIs apart. */
function entries(
  session: PlaybackSession,
  track: Track,
  inFolder: boolean,
  name: (segment: ListedSegment) => string | Uint8Array,
  showTimestamps = session.grant.parameters.showTimestamps,
): (segment: ListedSegment) => PlaylistSegment {
  const { container } = session.grant.parameters;
  const token = tokenParameter(session, inFolder);
  let setUp: SetUp | undefined;
  let map: string | undefined;
  return (segment) => {
    if (container === "fmp4" && segment.setUp !== setUp) {
      setUp = segment.setUp;
      map = mapUri(track, setUp, token);
    }
    return {
      name: name(segment),
      durationMs: segment.duration,
      discontinuity: segment.discontinuity,
      map,
      programDateTimeMs: showTimestamps ? segment.shownStart : undefined,
      gap: segment.gap,
    };
  };
}

/** The initialization segment of a track for the segments that have this set-up. */
function mapUri({ number }: Track, setUp: SetUp, token: string): string {
  const query = `FragmentNumber=${segmentQuery(setUp)}${token}&TrackNumber=${number}`;
  return `getMP4InitFragment.mp4?${query}&SequenceNumber=${setUp.number}`;
}
