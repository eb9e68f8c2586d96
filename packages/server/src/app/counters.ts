import type { Metrics } from "../domain/events/metrics.ts";
import type { Ingest } from "../domain/ingest/ingest.ts";
import type { LiveStreams } from "../domain/live/live-streams.ts";
import type { Counter } from "../edge/admin/metrics.ts";
import type { Storage } from "./storage.ts";

/** CloudWatch's names of what is counted for each stream, and Prometheus's for their sums. */
const SUMS: Readonly<Record<string, string>> = {
  "PutMedia.Requests": "kvass_put_media_requests_total",
  "PutMedia.IncomingBytes": "kvass_put_media_incoming_bytes_total",
  "PutMedia.IncomingFragments": "kvass_put_media_incoming_fragments_total",
  "PutMedia.IncomingFrames": "kvass_put_media_incoming_frames_total",
  "PutMedia.ConnectionErrors": "kvass_put_media_connection_errors_total",
  "PutMedia.ErrorAckCount": "kvass_put_media_error_acks_total",
  "PutMedia.SilentTracks": "kvass_put_media_silent_tracks_total",
  "GetMedia.Requests": "kvass_get_media_requests_total",
  "GetMedia.OutgoingBytes": "kvass_get_media_outgoing_bytes_total",
  "GetMedia.OutgoingFragments": "kvass_get_media_outgoing_fragments_total",
  "GetMedia.ReaderSkips": "kvass_get_media_reader_skips_total",
};

function sumOf(metrics: Metrics, wanted: string): number {
  let sum = 0;
  for (const { name, value } of metrics.snapshot()) if (name === wanted && typeof value === "number") sum += value;
  return sum;
}

/** What the counters are read from. */
export interface CounterSources {
  readonly storage: Pick<Storage, "journal" | "ledger" | "catalog">;
  readonly ingest: Ingest;
  readonly live: LiveStreams;
  readonly metrics: Metrics;
}

/** The numbers of the process, for `GET /metrics`. */
export function countersOf({
  storage: { journal, ledger, catalog },
  ingest,
  live,
  metrics,
}: CounterSources): Counter[] {
  const counter = (name: string, help: string, read: () => number): Counter => ({ name, type: "counter", help, read });
  const gauge = (name: string, help: string, read: () => number): Counter => ({ name, type: "gauge", help, read });
  return [
    counter("kvass_journal_syncs_total", "Syncs of journal segments.", () => journal.stats().syncs),
    counter("kvass_index_syncs_total", "Syncs of the fragment index.", () => ledger.syncs()),
    counter("kvass_catalog_syncs_total", "Syncs of the stream catalog.", () => catalog.syncs()),
    counter("kvass_journal_written_bytes_total", "Bytes written to the journal.", () => journal.stats().bytesWritten),
    counter("kvass_journal_fragments_total", "Fragments made durable.", () => journal.stats().fragments),
    gauge("kvass_journal_pending_bytes", "Bytes accepted and not yet durable.", () => journal.stats().pendingBytes),
    gauge("kvass_journal_stored_bytes", "Bytes of all journal segments.", () => journal.stats().storedBytes),
    gauge("kvass_journal_segments", "Journal segments.", () => journal.stats().segments),
    gauge("kvass_journal_writable", "1 while the journal takes data, 0 while the disk is full or fails.", () =>
      Number(journal.writable),
    ),
    gauge("kvass_put_media_connections", "PutMedia connections.", () => ingest.sessions),
    gauge("kvass_live_bytes", "Bytes of media held in memory for live readers.", () => live.memory.used),
    ...Object.entries(SUMS).map(([name, sum]) =>
      counter(sum, `Sum of ${name} over all streams.`, () => sumOf(metrics, name)),
    ),
  ];
}
