/** From a frame's way into PutMedia to its way out of GetMedia, beside a relay that copies bodies from POST to GET. */
import { setTimeout as delay } from "node:timers/promises";
import { CREDENTIALS } from "../tests/support/server.ts";
import { signedJsonRequest } from "../tests/support/sign.ts";
import { type BenchRow, percentile } from "./row.ts";
import { FrameReader } from "./support/frame-reader.ts";
import { atMost, atMostTimes, both, compared, inTurn } from "./support/goals.ts";
import { PacedProducers } from "./support/paced-producers.ts";
import { ReferenceProcess } from "./support/reference.ts";
import { startServer } from "./support/server.ts";
import { createStreams, streamNames, targetsOf } from "./support/streams.ts";

const STREAMS = 100;
const SECONDS = 10;
const WARM_UP_SECONDS = 3;
/** Frames that are on their way when the clock starts or stops. */
const SETTLE_MS = 500;
const TURNS = 5;
const PACE = { framesPerSecond: 30, framesPerFragment: 60, frameBytes: 4096, stamped: true };

/** The request by which a reader follows a stream from now on. */
type ReadRequest = (stream: string) => string;

const getMedia =
  (url: string): ReadRequest =>
  (stream) =>
    signedJsonRequest(
      { url, path: "/getMedia", ...CREDENTIALS },
      { StreamName: stream, StartSelector: { StartSelectorType: "NOW" } },
    );

const get: ReadRequest = (stream) => `GET /${stream} HTTP/1.1\r\nhost: relay\r\n\r\n`;

/** p99 of every frame of a run, ms. Throws where a frame did not arrive: a reader that keeps up must lose none. */
async function p99(url: string, streams: readonly string[], request: ReadRequest): Promise<number> {
  const producers = new PacedProducers(targetsOf(url, streams), PACE);
  await producers.connect();
  const readers = streams.map((stream) => new FrameReader(url, request(stream)));
  await delay(SETTLE_MS);
  await producers.run(WARM_UP_SECONDS);
  await delay(SETTLE_MS);
  for (const reader of readers) reader.forget();
  const before = producers.framesSent;
  await producers.run(SECONDS);
  await delay(SETTLE_MS);
  const latencies = readers.flatMap((reader) => reader.latencies);
  for (const reader of readers) reader.close();
  await producers.close();
  const sent = producers.framesSent - before;
  if (latencies.length !== sent) throw new Error(`${latencies.length} of ${sent} frames came out`);
  return percentile(latencies, 0.99);
}

/** See the table in RESULTS.md. */
export async function bench(): Promise<BenchRow[]> {
  const server = await startServer();
  const relay = await ReferenceProcess.start("relay");
  try {
    const streams = streamNames("latency", STREAMS);
    await createStreams(server.url, streams);
    const turns = await inTurn(
      TURNS,
      () => p99(server.url, streams, getMedia(server.url)),
      () => p99(relay.url, streams, get),
    );
    const name = `PutMedia frame in to GetMedia frame out, p99, ${STREAMS} streams x ${PACE.framesPerSecond} fps`;
    return [compared(name, "ms", turns, both(atMostTimes(3), atMost(50, "ms")))];
  } finally {
    await Promise.all([server.stop(), relay.stop()]);
  }
}
