import assert from "node:assert/strict";
import { existsSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fsck } from "../../packages/server/src/app/fsck.ts";
import type { JournalLimits } from "../../packages/server/src/storage/journal/file/limits.ts";
import { type CollectSummary, JournalUnavailable } from "../../packages/server/src/storage/ports/journal.ts";
import type { StreamRecord } from "../../packages/server/src/storage/ports/stream-catalog.ts";
import { payloadOf, TestArchive } from "../support/archive.ts";
import { type Fault, FaultyFileSystem } from "../support/faulty-file-system.ts";
import { scratchFolders } from "../support/scratch.ts";
import { xorshift } from "../support/xorshift.ts";

/** Small segments that roll within the session, or are let go of as mostly dead, probes that need no patience, and room for syncs. */
const LIMITS: Partial<JournalLimits> = {
  segmentBytes: 12_000,
  sparseBytes: 0,
  syncsPerSecond: 10_000,
  probeIntervalMs: 5,
};
/** A session that has not come to its end by then hangs. */
const WEDGED_MS = 10_000;
/** No session has more operations than this; reaching it would mean that the loop below never ends. */
const MOST_OPERATIONS = 500;

const newFolder = scratchFolders("faults");

interface Fragment {
  readonly stream: StreamRecord;
  readonly sequence: number;
  readonly payload: Buffer;
}

/** One session over a disk that may fail: two streams, several parts, rolled segments, expiry, collection, and ingest after that. */
class Session {
  /** Everything that the journal was ever given: what is visible must be among it. */
  readonly given = new Map<string, Fragment>();
  /** What was acknowledged and has not expired since: it must be visible. */
  readonly acknowledged = new Set<string>();
  collected: CollectSummary | undefined;
  /** From then on the journal has made its index durable at moments of its own choice. */
  collecting = false;
  readonly #archive: TestArchive;

  constructor(archive: TestArchive) {
    this.#archive = archive;
  }

  async run(streams: readonly StreamRecord[]): Promise<void> {
    const [hourly, daily] = streams as [StreamRecord, StreamRecord];
    for (let round = 0; round < 4; round++) {
      const sequence = 1 + 3 * round;
      await Promise.all([
        this.put(hourly, sequence, 3000, 3),
        this.put(hourly, sequence + 1, 500, 1),
        this.put(daily, sequence, 2500, 1),
      ]);
      await this.put(daily, sequence + 1, 2500, 2);
      const { writer } = (await this.#archive.begin(daily, sequence + 2, payloadOf(1, 1, 100), 2).catch(refused)) ?? {};
      writer?.abort();
    }
    await this.#expire(daily, 8);
    this.collecting = true;
    const late = [this.put(hourly, 30, 4000, 3), this.put(daily, 30, 4000, 3)];
    this.collected = await this.#archive.storage.journal.collect().catch(refused);
    await Promise.all(late);
    await this.put(hourly, 40, 4000, 2);
    await this.put(daily, 40, 4000, 2);
  }

  /** Resolves to whether the fragment was acknowledged. */
  async put(stream: StreamRecord, sequence: number, bytes: number, parts: number): Promise<boolean> {
    const payload = payloadOf(stream.id, sequence, bytes);
    this.given.set(keyOf(stream, sequence), { stream, sequence, payload });
    const row = await this.#archive.put(stream, sequence, payload, parts).catch(refused);
    if (row !== undefined) this.acknowledged.add(keyOf(stream, sequence));
    return row !== undefined;
  }

  /** Expires what is older than a sequence, as retention does: the horizon first. */
  async #expire(stream: StreamRecord, before: number): Promise<void> {
    for (let sequence = 1; sequence < before; sequence++) this.acknowledged.delete(keyOf(stream, sequence));
    const { catalog, index } = this.#archive.storage;
    const horizon = this.#archive.identity(stream.id, before).serverTimestamp;
    await catalog.update(stream.id, { horizon });
    await index.expire(stream.id, horizon, 1000);
  }
}

const keyOf = (stream: StreamRecord, sequence: number) => `${stream.id}/${sequence}`;

/** A journal may refuse, in its own words; any other failure is a failure of the test. */
function refused(error: unknown): undefined {
  if (!(error instanceof JournalUnavailable)) throw error;
}

/** Every acknowledged fragment is there, once and whole; whatever else is there was given to the journal, and is whole too. */
async function assertKept(dataDir: string, session: Session, acknowledged: ReadonlySet<string>): Promise<void> {
  const archive = await TestArchive.open({ dataDir });
  const seen = new Set<string>();
  for (const stream of await archive.storage.catalog.list({ limit: 10 })) {
    for (const row of await archive.rows(stream)) {
      const key = keyOf(stream, row.sequence);
      const fragment = session.given.get(key);
      assert.ok(fragment, `fragment ${key} was never given`);
      assert.deepEqual(await archive.get(stream, row), fragment.payload);
      seen.add(key);
    }
  }
  for (const key of acknowledged) assert.ok(seen.has(key), `acknowledged fragment ${key} is lost`);
  await archive.close();
}

/** What one run of the session did. */
interface Outcome {
  /** False where the session has fewer operations. */
  readonly struck: boolean;
  readonly collected: CollectSummary | undefined;
}

/** A folder with two streams, and nothing in the journal. */
async function prepare(): Promise<{ dataDir: string; streams: StreamRecord[] }> {
  const dataDir = newFolder();
  const archive = await TestArchive.open({ dataDir });
  const streams = [await archive.createStream("hourly", 2), await archive.createStream("daily", 24)];
  await archive.close();
  return { dataDir, streams };
}

/** Runs a session with a fault at the `at`th operation. */
async function runWithFault(fault: Fault, at: number): Promise<Outcome> {
  const { dataDir, streams } = await prepare();
  const files = new FaultyFileSystem(fault, at);
  const archive = await TestArchive.open({ dataDir, limits: LIMITS, files });
  const session = new Session(archive);
  await session.run(streams);
  const { struck } = files;
  files.heal();
  for (let sequence = 100; !(await session.put(streams[0]!, sequence, 100, 1)); sequence++) await wait(5);
  const killed = newFolder();
  archive.killInto(dataDir, killed);
  files.losePower(join(killed, "journal"), xorshift(at));
  await archive.close();
  await assertKept(dataDir, session, session.acknowledged);
  await assertKept(killed, session, session.acknowledged);
  const report = await fsck({ dataDir });
  assert.deepEqual(
    report.damages.filter((damage) => damage.kind !== "record"),
    [],
  );
  for (const folder of [dataDir, killed]) rmSync(folder, { recursive: true });
  return { struck, collected: session.collected };
}

/** Runs a session in which the power goes right before the `at`th operation. */
async function runWithCrash(at: number): Promise<Outcome> {
  const { dataDir, streams } = await prepare();
  const killed = newFolder();
  const random = xorshift(at);
  const before = statSync(join(dataDir, "index.db")).size;
  const acknowledged = new Set<string>();
  const files = new FaultyFileSystem("crash", at, () => {
    for (const key of session.acknowledged) acknowledged.add(key);
    archive.killInto(dataDir, killed);
    files.losePower(join(killed, "journal"), random);
    // Until something makes the index durable, of its log any beginning may be left.
    const isDurable = session.collecting || statSync(join(dataDir, "index.db")).size !== before;
    const log = join(killed, "index.db-wal");
    if (!isDurable && existsSync(log)) truncateSync(log, Math.floor(random() * (statSync(log).size + 1)));
  });
  const archive = await TestArchive.open({ dataDir, limits: LIMITS, files });
  const session = new Session(archive);
  await session.run(streams);
  await archive.close();
  if (files.struck) await assertKept(killed, session, acknowledged);
  for (const folder of [dataDir, killed]) rmSync(folder, { recursive: true });
  return { struck: files.struck, collected: session.collected };
}

/** Runs sessions with the trouble at the first, second, third ... operation, until a session has no more. */
async function atEveryOperation(run: (at: number) => Promise<Outcome>): Promise<void> {
  let outcome: Outcome = { struck: true, collected: undefined };
  let at = 0;
  while (outcome.struck && at < MOST_OPERATIONS) {
    at++;
    const wedged = AbortSignal.timeout(WEDGED_MS);
    const hangs = new Promise<never>((_, reject) => {
      wedged.addEventListener("abort", () => reject(new Error(`operation ${at}: the session hangs`)));
    });
    outcome = await Promise.race([run(at), hangs]);
  }
  assert.ok(at > 30 && at < MOST_OPERATIONS, `${at} operations`);
  assert.ok(outcome.collected!.compacted > 0, "the session without a fault compacts");
}

for (const fault of ["EIO", "ENOSPC", "short"] as const) {
  test(`${fault} at any operation of a session: nothing acknowledged is lost, nothing hangs`, () =>
    atEveryOperation((at) => runWithFault(fault, at)));
}

test("a power loss before any operation of a session: nothing acknowledged is lost", () =>
  atEveryOperation(runWithCrash));
