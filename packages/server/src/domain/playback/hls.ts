import { mediaPlaylistBytes, multivariantPlaylist, type PlaylistSegment } from "@kvass/media";
import type { Segment, SetUp } from "./segment.ts";
import type { PlaybackSession, SegmentName } from "./session.ts";
import type { Track } from "./tracks.ts";

/** EXT-X-MEDIA's GROUP-ID, as Kinesis Video Streams names it. */
const AUDIO_GROUP = "audio";

/** How a query names a segment: `FragmentNumber`, and `FragmentCount` where it joins several. */
export function segmentQuery({ fragmentNumber, fragments }: SegmentName): string {
  return fragments === 1 ? fragmentNumber : `${fragmentNumber}&FragmentCount=${fragments}`;
}

const mediaPlaylistUri = ({ token }: PlaybackSession, track: Track): string =>
  `getHLSMediaPlaylist.m3u8?SessionToken=${token}&TrackNumber=${track.number}`;

/** The Multivariant Playlist (AWS docs, "GetHLSMasterPlaylist"): one variant, its sound beside it in fragmented MP4 and within it in MPEG-TS. */
export async function hlsMultivariant(session: PlaybackSession): Promise<string> {
  const { parameters, peakBandwidth, averageBandwidth, joins } = session.grant;
  const tracks = await session.tracks();
  const [main, ...others] = tracks;
  const video = main!.codec.kind === "video" ? main!.codec : undefined;
  const separate = parameters.container === "fmp4" ? others : [];
  return multivariantPlaylist({
    renditions: separate.map((track, index) => ({
      groupId: AUDIO_GROUP,
      name: renditionName(track, separate),
      uri: mediaPlaylistUri(session, track),
      language: languageOf(track, separate),
      isDefault: index === 0,
      channels: track.codec.kind === "audio" ? track.codec.channels : undefined,
    })),
    variants: [
      {
        uri: mediaPlaylistUri(session, main!),
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

/** The language of one sound of several. A single one is taken for English where its producer says nothing, which helps nobody. */
export function languageOf({ language }: Track, all: readonly Track[]): string | undefined {
  return language === "und" || all.length < 2 ? undefined : language;
}

/** What the producer calls a track, with its number where another has that name too. */
function renditionName(track: Track, all: readonly Track[]): string {
  const name = track.name || "audio";
  const alone = all.every((other) => other === track || (other.name || "audio") !== name);
  return alone ? name : `${name} ${track.number}`;
}

/** The Media Playlist of one track (AWS docs, "GetHLSMediaPlaylist"), or of all of them in MPEG-TS; ASCII. */
export async function hlsMedia(session: PlaybackSession, track: Track): Promise<Uint8Array> {
  const { grant } = session;
  const { mode, discontinuities } = grant.parameters;
  const { segments, ended, longest } = await session.playlistWindow();
  const first = segments[0];
  const marked = segments.some(({ discontinuity }) => discontinuity) || first?.discontinuitiesBefore;
  return mediaPlaylistBytes({
    ...uris(session, track),
    segments: playlistSegments(session, track, segments),
    type: mode === "on-demand" ? "VOD" : undefined,
    targetDurationSeconds: Math.max(grant.targetSeconds, Math.ceil(longest / 1000)),
    mediaSequence: first?.number,
    discontinuitySequence: marked ? first?.discontinuitiesBefore : undefined,
    endsInDiscontinuity: discontinuities === "always" && segments.length > 0,
    independentSegments: segments.every(({ startsClean }) => startsClean),
    ended,
  });
}

function uris({ token, grant }: PlaybackSession, { number }: Track): { uriPrefix: string; uriSuffix: string } {
  if (grant.parameters.container === "ts") {
    return { uriPrefix: "getTSFragment.ts?FragmentNumber=", uriSuffix: `&SessionToken=${token}` };
  }
  return {
    uriPrefix: "getMP4MediaFragment.mp4?FragmentNumber=",
    uriSuffix: `&SessionToken=${token}&TrackNumber=${number}`,
  };
}

function playlistSegments(session: PlaybackSession, track: Track, segments: readonly Segment[]): PlaylistSegment[] {
  const { container, showTimestamps } = session.grant.parameters;
  let setUp: SetUp | undefined;
  let map: string | undefined;
  return segments.map((segment) => {
    if (container === "fmp4" && segment.setUp !== setUp) {
      setUp = segment.setUp;
      map = mapUri(session, track, setUp);
    }
    return {
      name: segmentQuery(segment),
      durationMs: segment.duration,
      discontinuity: segment.discontinuity,
      map,
      programDateTimeMs: showTimestamps ? segment.shownStart : undefined,
    };
  });
}

function mapUri({ token }: PlaybackSession, { number }: Track, setUp: SetUp): string {
  const query = `FragmentNumber=${segmentQuery(setUp)}&SessionToken=${token}&TrackNumber=${number}`;
  return `getMP4InitFragment.mp4?${query}&SequenceNumber=${setUp.number}`;
}
