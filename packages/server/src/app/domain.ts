import type { Logger } from "pino";
import { Metrics } from "../domain/events/metrics.ts";
import { FragmentListing } from "../domain/fragments/fragment-listing.ts";
import { Ingest } from "../domain/ingest/ingest.ts";
import { DataKeys } from "../domain/keys/data-keys.ts";
import { DEFAULT_LIVE_LIMITS } from "../domain/live/live-memory.ts";
import { LiveStreams } from "../domain/live/live-streams.ts";
import { StreamRegistry } from "../domain/streams/registry.ts";
import type { Counter } from "../edge/admin/metrics.ts";
import type { Settings } from "./config/options.ts";
import { ingestLimits, streamLimits } from "./limits.ts";
import type { Storage } from "./storage.ts";

/** The product's rules over a storage, wired. */
export interface Domain {
  readonly streams: StreamRegistry;
  readonly listing: FragmentListing;
  readonly ingest: Ingest;
  readonly counters: readonly Counter[];
  /** Starts what runs by itself. */
  start(): void;
  /** Ends sessions and readers; resolves when all that was acknowledged is durable. */
  stop(graceMs: number): Promise<void>;
}

export function wireDomain(settings: Settings, storage: Storage, log: Logger): Domain {
  const { catalog, index, journal, keyEncryption } = storage;
  const report = (error: unknown): void => log.error({ err: error }, "failure");
  const keys = new DataKeys(catalog, keyEncryption);
  const streams = new StreamRegistry({
    catalog,
    keys,
    region: settings.region,
    accountId: settings.accountId,
    limits: streamLimits(settings),
    now: Date.now,
  });
  const live = new LiveStreams({
    ...DEFAULT_LIVE_LIMITS,
    bufferMs: settings.liveBufferSeconds * 1000,
    bufferBytes: settings.liveBufferBytes,
  });
  const metrics = new Metrics();
  const ingest = new Ingest({ journal, keys, live, metrics, limits: ingestLimits(settings), report });
  return {
    streams,
    listing: new FragmentListing(index),
    ingest,
    counters: [],
    start: () => undefined,
    stop: (graceMs) => ingest.drain(graceMs),
  };
}
