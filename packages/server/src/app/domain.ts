import { Clips } from "../domain/clips/clips.ts";
import { Metrics } from "../domain/events/metrics.ts";
import { FragmentArchive } from "../domain/fragments/archive.ts";
import { ArchiveWatch } from "../domain/fragments/archive-watch.ts";
import { FragmentListing } from "../domain/fragments/fragment-listing.ts";
import { FragmentPoints } from "../domain/fragments/fragment-points.ts";
import { MediaReader } from "../domain/fragments/media-reader.ts";
import { RetentionSweep } from "../domain/fragments/retention.ts";
import type { Images } from "../domain/images/images.ts";
import { Ingest } from "../domain/ingest/ingest.ts";
import { DataKeys } from "../domain/keys/data-keys.ts";
import { Sealer } from "../domain/keys/sealer.ts";
import { DEFAULT_LIVE_LIMITS } from "../domain/live/live-memory.ts";
import { LiveStreams } from "../domain/live/live-streams.ts";
import type { PlaybackSessions } from "../domain/playback/sessions.ts";
import { SegmentWorkshop } from "../domain/playback/workshop/workshop.ts";
import { StreamRegistry } from "../domain/streams/registry.ts";
import type { Counter } from "../edge/admin/metrics.ts";
import type { Settings } from "./config/options.ts";
import { countersOf } from "./counters.ts";
import type { EventLog } from "./event-log.ts";
import { wireImages } from "./images.ts";
import { clipLimits, ingestLimits, pointLimits, readerLimits, streamLimits } from "./limits.ts";
import { wirePlayback } from "./playback.ts";
import type { Storage } from "./storage.ts";

/** The product's rules over a storage, wired. */
export interface Domain {
  readonly streams: StreamRegistry;
  readonly listing: FragmentListing;
  readonly ingest: Ingest;
  readonly reader: MediaReader;
  readonly clips: Clips;
  readonly images: Images;
  readonly playback: PlaybackSessions;
  readonly counters: readonly Counter[];
  /** Starts what runs by itself. */
  start(): void;
  /** Ends sessions and readers; resolves when all that was acknowledged is durable. */
  stop(graceMs: number): Promise<void>;
}

/** Whom the domain tells. */
type Told = Pick<EventLog, "tell" | "report">;

/** Wires the rules. Failures that are the server's own are logged. */
export function wireDomain(settings: Settings, storage: Storage, { tell, report }: Told): Domain {
  const { catalog, index, journal, keyEncryption } = storage;
  const keys = new DataKeys(catalog, keyEncryption);
  const { region, accountId } = settings;
  const streams = new StreamRegistry({
    catalog,
    keys,
    region,
    accountId,
    limits: streamLimits(settings),
    now: Date.now,
    tell,
  });
  const live = new LiveStreams({
    ...DEFAULT_LIVE_LIMITS,
    bufferMs: settings.liveBufferSeconds * 1000,
    bufferBytes: settings.liveBufferBytes,
  });
  const metrics = new Metrics();
  const sealer = new Sealer({ tell });
  const ingest = new Ingest({ journal, keys, sealer, live, metrics, limits: ingestLimits(settings), report, tell });
  const archive = new FragmentArchive({ index, journal, keys, tell });
  const points = new FragmentPoints(pointLimits(settings));
  const limits = readerLimits(settings);
  const reader = new MediaReader({ index, archive, live, metrics, limits, points, report, tell });
  const sweep = new RetentionSweep({
    streams,
    index,
    journal,
    live,
    intervalMs: settings.sweepSeconds * 1000,
    report,
    tell,
  });
  const watch = new ArchiveWatch({ journal, tell });
  const workshop = new SegmentWorkshop(archive, new URL("./segment-worker.ts", import.meta.url), { tell });
  const playback = wirePlayback(settings, storage, { streams, archive, points, live, workshop }, { report, tell });
  const images = wireImages(settings, { index, archive, points, metrics }, { report, tell });
  return {
    streams,
    listing: new FragmentListing(index, points),
    ingest,
    reader,
    clips: new Clips({ index, archive, metrics, points, limits: clipLimits(settings) }),
    images: images.images,
    playback,
    counters: countersOf({ storage, ingest, live, metrics }),
    start() {
      sweep.start();
      watch.start();
    },
    async stop(graceMs) {
      watch.stop();
      await Promise.all([ingest.drain(graceMs), sweep.stop()]);
      reader.stop();
      playback.stop();
      await images.stop();
      await Promise.all([sealer.close(), archive.close(), workshop.close()]);
    },
  };
}
