import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { fsck } from "../../packages/server/src/app/fsck.ts";
import type { StreamRecord } from "../../packages/server/src/storage/ports/stream-catalog.ts";
import { payloadOf, TestArchive } from "../support/archive.ts";
import { scratchFolders } from "../support/scratch.ts";

/** Segments so small that most scenarios fill several, or have some that are mostly dead before, and syncs without waiting. */
const LIMITS = { segmentBytes: 6000, sparseBytes: 1000, syncsPerSecond: 10_000 };
const STREAMS = 3;
const RETENTION_HOURS = [2, 24, 24];

const newFolder = scratchFolders("model");

/** What happens to a store. `stream` is an index into the streams that exist. */
type Step =
  | { readonly kind: "put"; readonly stream: number; readonly bytes: number; readonly parts: number }
  | { readonly kind: "burst"; readonly count: number }
  | { readonly kind: "abandon"; readonly stream: number; readonly abort: boolean }
  | { readonly kind: "expire"; readonly stream: number; readonly share: number }
  | { readonly kind: "delete"; readonly stream: number }
  | { readonly kind: "collect" }
  | { readonly kind: "collect within a fragment"; readonly stream: number }
  | { readonly kind: "reopen"; readonly how: "close" | "kill" | "kill and lose the index" };

const stream = fc.nat({ max: STREAMS - 1 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant("put" as const),
        stream,
        bytes: fc.nat({ max: 3000 }),
        parts: fc.integer({ min: 1, max: 4 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("burst" as const), count: fc.integer({ min: 2, max: 12 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("abandon" as const), stream, abort: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("expire" as const),
        stream,
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), stream }) },
    { weight: 2, arbitrary: fc.constant({ kind: "collect" as const }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("collect within a fragment" as const), stream }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("reopen" as const),
        how: fc.constantFrom("close" as const, "kill" as const, "kill and lose the index" as const),
      }),
    },
  ),
  { minLength: 5, maxLength: 40 },
);

/** A store and, beside it, the plain maps that it must be equal to. */
class Scenario {
  #dataDir = newFolder();
  #archive!: TestArchive;
  #streams: StreamRecord[] = [];
  #created = 0;
  #sequence = 0;
  readonly #model = new Map<number, Map<number, Buffer>>();

  async start(): Promise<void> {
    this.#archive = await TestArchive.open({ dataDir: this.#dataDir, limits: LIMITS });
    for (let i = 0; i < STREAMS; i++) await this.#create();
  }

  async run(step: Step): Promise<void> {
    if (step.kind === "put") await this.#put(this.#streams[step.stream]!, step.bytes, step.parts);
    if (step.kind === "burst") await this.#burst(step.count);
    if (step.kind === "abandon") await this.#abandon(this.#streams[step.stream]!, step.abort);
    if (step.kind === "expire") await this.#expire(this.#streams[step.stream]!, step.share);
    if (step.kind === "delete") await this.#delete(step.stream);
    if (step.kind === "collect") await this.#archive.storage.journal.collect();
    if (step.kind === "collect within a fragment") await this.#collectWithin(this.#streams[step.stream]!);
    if (step.kind === "reopen") await this.#reopen(step.how);
  }

  /** Holds the store against the model, then closes it and has it checked. */
  async finish(): Promise<void> {
    await this.#compare();
    await this.#archive.close();
    const report = await fsck({ dataDir: this.#dataDir });
    assert.deepEqual(report.damages, []);
    rmSync(this.#dataDir, { recursive: true });
  }

  async #create(): Promise<void> {
    const hours = RETENTION_HOURS[this.#created % RETENTION_HOURS.length]!;
    const created = await this.#archive.createStream(`stream-${this.#created++}`, hours);
    this.#streams.push(created);
    this.#model.set(created.id, new Map());
  }

  async #put(to: StreamRecord, bytes: number, parts: number): Promise<void> {
    const sequence = ++this.#sequence;
    const payload = payloadOf(to.id, sequence, bytes);
    await this.#archive.put(to, sequence, payload, parts);
    this.#model.get(to.id)!.set(sequence, payload);
  }

  async #burst(count: number): Promise<void> {
    const puts = Array.from({ length: count }, (_, i) => this.#put(this.#streams[i % STREAMS]!, 100 * i, 1 + (i % 3)));
    await Promise.all(puts);
  }

  /** Collects while a fragment has parts that are durable and more to come. */
  async #collectWithin(to: StreamRecord): Promise<void> {
    const sequence = ++this.#sequence;
    const payload = payloadOf(to.id, sequence, 300);
    const { commit } = await this.#archive.begin(to, sequence, payload, 3);
    await this.#put(to, 100, 1);
    await this.#archive.storage.journal.collect();
    await commit();
    this.#model.get(to.id)!.set(sequence, payload);
  }

  async #abandon(to: StreamRecord, abort: boolean): Promise<void> {
    const sequence = ++this.#sequence;
    const { writer } = await this.#archive.begin(to, sequence, payloadOf(to.id, sequence, 500), 3);
    if (abort) writer.abort();
  }

  /** Expires the oldest share of a stream's fragments. */
  async #expire(of: StreamRecord, share: number): Promise<void> {
    const fragments = this.#model.get(of.id)!;
    const first = [...fragments.keys()].at(Math.floor(fragments.size * share)) ?? this.#sequence + 1;
    const horizon = this.#archive.identity(of.id, first).serverTimestamp;
    const { catalog, index } = this.#archive.storage;
    const { horizon: reached } = (await catalog.byId(of.id))!;
    if (horizon <= reached) return;
    await catalog.update(of.id, { horizon });
    await index.expire(of.id, horizon, 10_000);
    for (const sequence of fragments.keys()) if (sequence < first) fragments.delete(sequence);
  }

  async #delete(index: number): Promise<void> {
    const [deleted] = this.#streams.splice(index, 1);
    await this.#archive.storage.catalog.delete(deleted!.id);
    this.#archive.keys.forget(deleted!.id);
    await this.#archive.storage.index.purge((id) => this.#streams.some((stream) => stream.id === id), 10_000);
    this.#model.delete(deleted!.id);
    await this.#create();
  }

  async #reopen(how: (Step & { kind: "reopen" })["how"]): Promise<void> {
    const old = this.#dataDir;
    if (how !== "close") {
      this.#dataDir = newFolder();
      this.#archive.killInto(old, this.#dataDir);
    }
    await this.#archive.close();
    if (how === "kill and lose the index") {
      for (const suffix of ["", "-wal"]) rmSync(join(this.#dataDir, `index.db${suffix}`), { force: true });
    }
    if (old !== this.#dataDir) rmSync(old, { recursive: true });
    this.#archive = await TestArchive.open({ dataDir: this.#dataDir, limits: LIMITS });
    await this.#compare();
  }

  async #compare(): Promise<void> {
    for (const stream of this.#streams) {
      const expected = this.#model.get(stream.id)!;
      const rows = await this.#archive.rows(stream);
      assert.deepEqual(
        rows.map((row) => row.sequence),
        [...expected.keys()].sort((a, b) => a - b),
      );
      for (const row of rows) assert.deepEqual(await this.#archive.get(stream, row), expected.get(row.sequence));
      const totals = await this.#archive.storage.index.totals(stream.id);
      assert.equal(totals.fragments, expected.size);
      assert.equal(
        totals.bytes,
        rows.reduce((sum, row) => sum + row.size, 0),
      );
    }
    const live = this.#archive.storage.ledger.segments().reduce((sum, segment) => sum + segment.liveFragments, 0);
    assert.equal(
      live,
      [...this.#model.values()].reduce((sum, fragments) => sum + fragments.size, 0),
    );
  }
}

test("a store is what plain maps are, through expiry, deletion, collection, restarts, kills and a lost index", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (scenario) => {
      const store = new Scenario();
      await store.start();
      for (const step of scenario) await store.run(step);
      await store.finish();
    }),
    { numRuns: 60 },
  );
});
