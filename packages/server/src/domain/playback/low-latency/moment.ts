import type { FragmentParts } from "../parts/fragment-parts.ts";
import type { PartFeed } from "../parts/part-feed.ts";
import type { Part } from "../parts/track-parts.ts";
import type { Segment } from "../segment.ts";
import type { PlaybackSession } from "../session.ts";
import type { PlaylistPreview } from "../timeline.ts";
import type { Track } from "../tracks.ts";

/** What can be said of a session at one moment. */
export interface Moment {
  readonly session: PlaybackSession;
  /** The session's. */
  readonly tracks: readonly Track[];
  readonly feed: PartFeed;
  readonly preview: PlaylistPreview;
}

/** Names a part as playlists do. */
export interface PartName {
  /** Media Sequence Number of its segment. */
  readonly segment: number;
  readonly track: number;
  readonly part: number;
}

/** Target durations from the end of a playlist within which parts are listed (rfc8216bis, section 6.2.2). */
const LISTED_TARGETS = 3;

/** How many of the last segments that are whole have their parts listed, at target durations of so many milliseconds. */
export function listedWithParts({ preview: { segments, open } }: Moment, targetMs: number): number {
  let behindMs = open?.duration ?? 0;
  let count = 0;
  while (count < segments.length && behindMs < LISTED_TARGETS * targetMs) {
    behindMs += segments[segments.length - ++count]!.duration;
  }
  return count;
}

/** Number of the last segment that is whole. */
export const lastNumber = ({ preview }: Moment): number => preview.segments.at(-1)?.number ?? -1;

/** A segment that the playlist has, or had a short while ago, by its number; also the one in progress. */
export function find({ preview }: Moment, number: number): Segment | undefined {
  const { open, remembered } = preview;
  return open?.number === number ? open : remembered[number - (remembered[0]?.number ?? 0)];
}

function fragmentOf({ feed }: Moment, segment: Segment | undefined): FragmentParts | undefined {
  return segment?.fragments === 1 ? feed.bySequence(segment.sequence) : undefined;
}

/** The parts of one track of a segment, where they are still there. */
export function partsOf(moment: Moment, segment: Segment | undefined, track: number): readonly Part[] | undefined {
  return fragmentOf(moment, segment)?.trackFor(moment.tracks, track)?.parts;
}

/** A part that playlists list, or listed a short while ago. */
export function partNamed(
  moment: Moment,
  name: PartName,
): { fragment: FragmentParts["fragment"]; track: FragmentParts["tracks"][number]; part: Part } | undefined {
  const parts = fragmentOf(moment, find(moment, name.segment));
  const track = parts?.trackFor(moment.tracks, name.track);
  const part = track?.parts[name.part];
  return parts && track && part && { fragment: parts.fragment, track, part };
}

/** The part that comes next. */
export function hintedPart(moment: Moment, track: number): Omit<PartName, "track"> {
  const { open } = moment.preview;
  if (open === undefined) return { segment: lastNumber(moment) + 1, part: 0 };
  const parts = fragmentOf(moment, open);
  if (parts?.finished !== false) return { segment: open.number + 1, part: 0 };
  return { segment: open.number, part: partsOf(moment, open, track)?.length ?? 0 };
}
