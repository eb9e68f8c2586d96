import type { FragmentArchive } from "../domain/fragments/archive.ts";
import type { FragmentPoints } from "../domain/fragments/fragment-points.ts";
import type { LiveStreams } from "../domain/live/live-streams.ts";
import { AWS_PLAYBACK_LIMITS, GENEROUS_PLAYBACK_LIMITS } from "../domain/playback/parameters.ts";
import { PlaybackSessions } from "../domain/playback/sessions.ts";
import type { SegmentWorkshop } from "../domain/playback/workshop/workshop.ts";
import type { StreamRegistry } from "../domain/streams/registry.ts";
import type { Settings } from "./config/options.ts";
import type { EventLog } from "./event-log.ts";
import { playbackKey } from "./playback-key.ts";
import type { Storage } from "./storage.ts";

/** What playback takes from the rest of the domain. */
interface PlaybackParts {
  readonly streams: StreamRegistry;
  readonly archive: FragmentArchive;
  readonly points: FragmentPoints;
  readonly live: LiveStreams;
  readonly workshop: SegmentWorkshop;
}

/** Wires streaming sessions. */
export function wirePlayback(
  settings: Settings,
  storage: Storage,
  parts: PlaybackParts,
  { report, tell }: Pick<EventLog, "tell" | "report">,
): PlaybackSessions {
  return new PlaybackSessions({
    ...parts,
    index: storage.index,
    tokenKey: playbackKey(settings.data),
    limits: settings.limits === "aws" ? AWS_PLAYBACK_LIMITS : GENEROUS_PLAYBACK_LIMITS,
    cacheBytes: settings.playbackCacheBytes,
    report,
    tell,
  });
}
