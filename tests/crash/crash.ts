import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  KinesisVideoClient,
  UpdateDataRetentionCommand,
} from "@aws-sdk/client-kinesis-video";
import { TestServer } from "../support/server.ts";
import { produce, StreamLedger } from "./ledger.ts";
import { verifyStream } from "./verify.ts";

const PRODUCERS = 20;
/** Streams whose data is thrown away while the others are written: one by deletion, one by retention. */
const DELETED = 0;
const EMPTIED = 1;

const LOOK_EVERY_MS = 20;

/** Small segments and frequent sweeps, so that rolling, compaction and unlinking happen within a cycle. */
const FLAGS = ["--segment-bytes", "2m", "--sweep-seconds", "0.1", "--log-level", "warn"];

const controlOf = (server: TestServer): KinesisVideoClient =>
  new KinesisVideoClient({ ...server.client, maxAttempts: 1 });

async function create(client: KinesisVideoClient, ledger: StreamLedger, index: number): Promise<void> {
  await client.send(new CreateStreamCommand({ StreamName: ledger.stream, DataRetentionInHours: 1 + (index % 5) * 24 }));
}

/** Deletes and creates one stream, and takes all data from another by its retention, until the server dies. */
async function disturb(server: TestServer, ledgers: StreamLedger[], stop: AbortSignal): Promise<void> {
  const client = controlOf(server);
  for (;;) {
    await delay(randomInt(400), undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) break;
    await deleteAndCreate(client, ledgers[DELETED]!).catch(() => undefined);
    await empty(client, ledgers[EMPTIED]!).catch(() => undefined);
  }
  client.destroy();
}

async function deleteAndCreate(client: KinesisVideoClient, ledger: StreamLedger): Promise<void> {
  const { StreamInfo } = await client.send(new DescribeStreamCommand({ StreamName: ledger.stream }));
  await ledger.discard(() => client.send(new DeleteStreamCommand({ StreamARN: StreamInfo!.StreamARN! })));
  await create(client, ledger, DELETED);
}

async function empty(client: KinesisVideoClient, ledger: StreamLedger): Promise<void> {
  const hours = await retention(client, ledger.stream);
  if (hours > 0) await ledger.discard(() => changeRetention(client, ledger.stream, "DECREASE_DATA_RETENTION", hours));
  await changeRetention(client, ledger.stream, "INCREASE_DATA_RETENTION", 25);
}

async function retention(client: KinesisVideoClient, stream: string): Promise<number> {
  const { StreamInfo } = await client.send(new DescribeStreamCommand({ StreamName: stream }));
  return StreamInfo!.DataRetentionInHours!;
}

async function changeRetention(
  client: KinesisVideoClient,
  stream: string,
  operation: "DECREASE_DATA_RETENTION" | "INCREASE_DATA_RETENTION",
  hours: number,
): Promise<void> {
  const { StreamInfo } = await client.send(new DescribeStreamCommand({ StreamName: stream }));
  await client.send(
    new UpdateDataRetentionCommand({
      StreamName: stream,
      CurrentVersion: StreamInfo!.Version!,
      Operation: operation,
      DataRetentionChangeInHours: hours,
    }),
  );
}

/** After a crash the two disturbed streams may be missing or have no retention: mend that, as an operator would. */
async function mend(server: TestServer, ledgers: StreamLedger[]): Promise<void> {
  const client = controlOf(server);
  for (const index of [DELETED, EMPTIED]) {
    const ledger = ledgers[index]!;
    const found = await client.send(new DescribeStreamCommand({ StreamName: ledger.stream })).catch((error: Error) => {
      if (error.name !== "ResourceNotFoundException") throw error;
      return undefined;
    });
    if (found === undefined) await create(client, ledger, index);
    else if (found.StreamInfo!.DataRetentionInHours === 0) await empty(client, ledger);
  }
  client.destroy();
}

/** What a run saw. */
export interface CrashReport {
  cycles: number;
  persisted: number;
  verified: number;
}

/**
 * Kills the server with SIGKILL at random moments under 20 producers, while streams are deleted and emptied, and holds what is left
 * against what was promised. Rejects at the first broken promise.
 */
export async function crashCycles(cycles: number, data: string, say: (line: string) => void): Promise<CrashReport> {
  const ledgers = Array.from({ length: PRODUCERS }, (_, index) => new StreamLedger(`crash-${index}`));
  const report: CrashReport = { cycles: 0, persisted: 0, verified: 0 };
  let server = await TestServer.start({ data, flags: FLAGS });
  try {
    const client = controlOf(server);
    for (const [index, ledger] of ledgers.entries()) await create(client, ledger, index);
    client.destroy();
    while (report.cycles < cycles) {
      const before = Date.now();
      await crash(server, ledgers, report.cycles + 2);
      server = await TestServer.start({ data, flags: FLAGS });
      await mend(server, ledgers);
      await verifyAll(server, ledgers, before, report);
      report.cycles++;
      if (report.cycles % 10 === 0) {
        say(`${report.cycles} cycles: ${report.persisted} fragments promised, ${report.verified} read back`);
      }
    }
    // Everything again, whenever it was written.
    await verifyAll(server, ledgers, 0, report);
    return report;
  } finally {
    await server.stop();
  }
}

/** Fragments that are promised. */
const promisesOf = (ledgers: readonly StreamLedger[]): number =>
  ledgers.reduce((sum, ledger) => sum + ledger.persisted.size, 0);

/** Lets the producers run for a random time, and until so many fragments have been promised, then kills the server under them. */
async function crash(server: TestServer, ledgers: StreamLedger[], promised: number): Promise<void> {
  const stop = new AbortController();
  const producers = ledgers.map((ledger) => produce(server.url, ledger, stop.signal));
  const work = [...producers, disturb(server, ledgers, stop.signal)];
  await delay(randomInt(100, 1200));
  // On a machine that is too slow for any, nothing could be seen broken. Those of the two others may be thrown away again.
  const lasting = ledgers.filter((_, index) => index !== DELETED && index !== EMPTIED);
  while (promisesOf(lasting) < promised) await delay(LOOK_EVERY_MS);
  await server.kill();
  stop.abort();
  await Promise.all(work);
  for (const ledger of ledgers) ledger.settle();
}

async function verifyAll(
  server: TestServer,
  ledgers: StreamLedger[],
  since: number,
  report: CrashReport,
): Promise<void> {
  const counts = await Promise.all(ledgers.map((ledger) => verifyStream(server, ledger, since)));
  report.verified += counts.reduce((sum, count) => sum + count, 0);
  report.persisted = promisesOf(ledgers);
}
