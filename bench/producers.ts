/** A thousand cameras at once: a minute of real-time producers, and what they cost the server. */
import { type BenchRow, percentile } from "./row.ts";
import { alone, atMost } from "./support/goals.ts";
import { residentBytes } from "./support/memory.ts";
import { syncs } from "./support/metrics.ts";
import { PacedProducers } from "./support/paced-producers.ts";
import { startServer } from "./support/server.ts";
import { createStreams, streamNames, targetsOf } from "./support/streams.ts";

const PRODUCERS = 1000;
const SECONDS = 60;
/** One fragment of each producer. */
const WARM_UP_SECONDS = 2;
/** 1 Mbit/s at 15 frames a second, in fragments of two seconds. */
const PACE = { framesPerSecond: 15, framesPerFragment: 30, frameBytes: 8333 };
const MB = 1e6;

/** See the table in RESULTS.md. */
export async function bench(): Promise<BenchRow[]> {
  const server = await startServer();
  try {
    const streams = streamNames("camera", PRODUCERS);
    await createStreams(server.url, streams);
    const producers = new PacedProducers(targetsOf(server.url, streams), PACE);
    await producers.connect();
    await producers.run(WARM_UP_SECONDS);
    producers.forget();
    const [syncsBefore, begin] = [await syncs(server.url), performance.now()];
    await producers.run(SECONDS);
    const perSecond = ((await syncs(server.url)) - syncsBefore) / ((performance.now() - begin) / 1000);
    const lost = await producers.close();
    const who = `${PRODUCERS} real-time producers`;
    return [
      alone(`${who}: ERROR acks and fragments without PERSISTED`, "", producers.errors + lost, atMost(0, "")),
      alone(`${who}: fragment end to PERSISTED, p99`, "ms", percentile(producers.latencies, 0.99), atMost(250, "ms")),
      alone(`${who}: syncs of journal, index and catalog`, "/s", perSecond, atMost(100, "/s")),
      alone(`${who}: peak memory`, "MB", residentBytes(server.process.pid!, "VmHWM") / MB, atMost(1000, "MB")),
    ];
  } finally {
    await server.stop();
  }
}
