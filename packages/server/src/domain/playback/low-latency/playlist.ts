import { mediaPlaylist, type PlaylistPart, type PlaylistSegment, type RenditionReport } from "@kvass/media";
import { listed, mediaPlaylistUri, playlistSegments, targetSeconds, uris } from "../hls.ts";
import type { Part } from "../parts/track-parts.ts";
import type { Segment } from "../segment.ts";
import type { PlaybackSession } from "../session.ts";
import type { Track } from "../tracks.ts";
import { hintedPart, lastNumber, listedWithParts, type Moment, type PartName, partsOf } from "./moment.ts";

/** Target durations from the end of a playlist that a delta update has: the least that is allowed (rfc8216bis, section 4.4.3.8). */
const SKIP_TARGETS = 6;
const MS_PER_SECOND = 1000;

/** The low-latency Media Playlist of one track (rfc8216bis); without old segments where `skip` allows it. */
export function lowLatencyPlaylist(moment: Moment, track: Track, skip: boolean): string {
  const { session, preview } = moment;
  const { segments, open, longest } = preview;
  const all = open === undefined ? segments : [...segments, open];
  const startClean = all.every((segment) => segment.startsClean);
  const entries = playlistSegments(session, track, all, true);
  const target = targetSeconds(session, longest);
  const withParts = addParts(moment, track, entries, target * MS_PER_SECOND);
  const hint = hintedPart(moment, track.number);
  const partMs = withParts.flatMap(({ parts = [] }) => parts.map(({ durationMs }) => durationMs));
  return mediaPlaylist({
    ...uris(session, track),
    ...listed(all, startClean),
    segments: withParts.slice(0, segments.length),
    open: withParts[segments.length],
    targetDurationSeconds: target,
    canBlockReload: true,
    canSkipUntilMs: SKIP_TARGETS * target * MS_PER_SECOND,
    delta: skip,
    lowLatency: {
      // A frame may last longer than a part should.
      partTargetMs: Math.ceil(Math.max(moment.feed.targetsMs[track.number - 1] ?? 0, ...partMs)),
      preloadHint: partUri(session, { ...hint, track: track.number }),
      renditionReports: renditionReports(moment, track),
    },
  });
}

/** Adds to the segments in the last target durations their parts. */
function addParts(
  moment: Moment,
  track: Track,
  entries: readonly PlaylistSegment[],
  targetMs: number,
): PlaylistSegment[] {
  const { segments, open } = moment.preview;
  const first = segments.length - listedWithParts(moment, targetMs);
  return entries.map((entry, place) => {
    if (place < first) return entry;
    const segment = segments[place] ?? open!;
    const parts = partsOf(moment, segment, track.number)?.map((part, index) =>
      listedPart(moment, track, segment, part, index),
    );
    return { ...entry, parts };
  });
}

function listedPart({ session }: Moment, track: Track, segment: Segment, part: Part, index: number): PlaylistPart {
  const uri = partUri(session, { segment: segment.number, track: track.number, part: index });
  return { uri, durationMs: part.durationMs, independent: part.independent, gap: segment.gap };
}

function partUri({ token }: PlaybackSession, { segment, track, part }: PartName): string {
  return `getMP4MediaFragment.mp4?SequenceNumber=${segment}&Part=${part}&SessionToken=${token}&TrackNumber=${track}`;
}

/** How far the other tracks have come (rfc8216bis, section 4.4.5.4). */
function renditionReports(moment: Moment, own: Track): RenditionReport[] {
  const { session, tracks, preview } = moment;
  const others = tracks.filter(({ number }) => number !== own.number);
  return others.map((track) => {
    const uri = mediaPlaylistUri(session, track.number, "low-latency");
    const ofOpen = partsOf(moment, preview.open, track.number)?.length ?? 0;
    if (ofOpen > 0) return { uri, lastMsn: preview.open!.number, lastPart: ofOpen - 1 };
    const parts = partsOf(moment, preview.segments.at(-1), track.number)?.length ?? 0;
    return { uri, lastMsn: Math.max(0, lastNumber(moment)), lastPart: parts > 0 ? parts - 1 : undefined };
  });
}
