import assert from "node:assert/strict";
import { test } from "node:test";
import type { FragmentRow } from "../ports/fragment.ts";
import type { FragmentIndex, FragmentLedger } from "../ports/fragment-index.ts";
import {
  type Journal,
  JournalUnavailable,
  MAX_PART_BYTES,
  MAX_TABLE_BYTES,
  RecordDamaged,
  RecordGone,
  type SealedPart,
  type StoredPart,
} from "../ports/journal.ts";
import { identityOf, sealedPart, sealedTable, summaryOf } from "./fragments.ts";

/** A journal with the index that it writes. */
export interface JournalFixture {
  readonly journal: Journal;
  readonly index: FragmentIndex;
  readonly ledger: FragmentLedger;
  close(): Promise<void>;
}

const ALL = { streamId: 1, horizon: 0 };

async function parts(journal: Journal, row: FragmentRow): Promise<StoredPart[]> {
  const found: StoredPart[] = [];
  for await (const part of journal.read(row)) found.push(part);
  return found;
}

function assertParts(stored: readonly StoredPart[], sealed: readonly SealedPart[], row: FragmentRow): void {
  assert.equal(stored.length, sealed.length);
  for (const [i, part] of stored.entries()) {
    const { streamId, sequence, serverTimestamp, producerTimestamp, random } = row;
    const { duration, size, startsClean, lacksPictures, configuration } = row;
    const identity = { streamId, sequence, serverTimestamp, producerTimestamp, random };
    const { ciphertext, nonce, tag, summary, release: _, ...rest } = part;
    assert.deepEqual(rest, { ...identity, part: i });
    const expected = { duration, size, startsClean, lacksPictures, configuration };
    assert.deepEqual(summary, i === sealed.length - 1 ? expected : undefined);
    assert.deepEqual(Buffer.from(nonce), Buffer.from(sealed[i]!.nonce));
    assert.deepEqual(Buffer.from(tag), Buffer.from(sealed[i]!.tag));
    assert.deepEqual(Buffer.from(ciphertext), Buffer.concat(sealed[i]!.ciphertext));
  }
}

/** What every Journal keeps, as tests. `open` gives an empty journal over an empty index. */
export function journalContract(name: string, open: () => Promise<JournalFixture>): void {
  const withJournal = (title: string, body: (fixture: JournalFixture) => Promise<void>) =>
    test(`${name}: ${title}`, async () => {
      const fixture = await open();
      try {
        await body(fixture);
      } finally {
        await fixture.close();
      }
    });

  withJournal("a committed fragment has its row and reads back part by part", async ({ journal, index }) => {
    const sealed = [sealedPart(1, 1), sealedPart(70_000, 2), sealedPart(0, 3)];
    const writer = journal.begin(identityOf(1, 5, { producerTimestamp: -0.25 }), 3);
    await writer.append(sealed[0]!);
    await writer.append(sealed[1]!);
    assert.equal(await index.bySequence(ALL, 5), undefined);
    const row = await writer.commit(sealed[2]!, summaryOf(70_001, 1999.5));
    assert.deepEqual(await index.bySequence(ALL, 5), row);
    assert.equal(row.producerTimestamp, -0.25);
    assertParts(await parts(journal, row), sealed, row);
    assert.equal(journal.stats().fragments, 1);
  });

  withJournal("fragments that are written at the same time do not mix", async ({ journal, index }) => {
    const writers = [1, 2, 3, 4].map((sequence) => journal.begin(identityOf(1, sequence), sequence % 2));
    for (let part = 0; part < 3; part++) {
      await Promise.all(writers.map((writer, i) => writer.append(sealedPart(500 + part, 10 * i + part))));
    }
    await Promise.all(writers.map((writer, i) => writer.commit(sealedPart(7, 10 * i + 3), summaryOf(1513))));
    const rows = await index.after(ALL, 0, 10);
    assert.equal(rows.length, 4);
    for (const [i, row] of rows.entries()) {
      const sealed = [500, 501, 502, 7].map((bytes, part) => sealedPart(bytes, 10 * i + part));
      assertParts(await parts(journal, row), sealed, row);
    }
  });

  withJournal("fragments become visible in the order of their commits", async ({ journal, index }) => {
    const seen: number[] = [];
    const commits = Array.from({ length: 40 }, (_, i) =>
      journal
        .begin(identityOf(1, i + 1), i % 3)
        .commit(sealedPart(i % 5 === 0 ? 200_000 : 10, i), summaryOf(10))
        .then(async () => {
          const visible = (await index.after(ALL, 0, 100)).map((row) => row.sequence);
          assert.deepEqual(
            visible,
            Array.from(visible, (_, n) => n + 1),
          );
          seen.push(i);
        }),
    );
    await Promise.all(commits);
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    );
  });

  withJournal("what was given up, or never committed, is never visible", async ({ journal, index }) => {
    const given = journal.begin(identityOf(1, 1), 0);
    await given.append(sealedPart(100, 1));
    given.abort();
    given.abort();
    await assert.rejects(async () => given.append(sealedPart(1, 1)), Error);
    await assert.rejects(given.commit(sealedPart(1, 1), summaryOf(1)), Error);
    await journal.begin(identityOf(1, 2), 0).append(sealedPart(100, 1));
    const committed = journal.begin(identityOf(1, 3), 0);
    const row = await committed.commit(sealedPart(1, 1), summaryOf(1));
    committed.abort();
    assert.deepEqual(await index.after(ALL, 0, 10), [row]);
  });

  withJournal(
    "parts keep their order however late each is sealed, and give their memory back once",
    async (fixture) => {
      const { journal } = fixture;
      const sealed = [sealedPart(5000, 1), sealedPart(100, 2), sealedPart(3000, 3)];
      const released = [0, 0, 0, 0];
      const counted = sealed.map((part, i) => ({ ...part, release: () => void released[i]!++ }));
      const late = Promise.withResolvers<SealedPart>();
      const writer = journal.begin(identityOf(1, 1), 0);
      const appended = writer.append({ length: 5000, sealed: late.promise });
      void writer.append(counted[1]!);
      const committed = writer.commit({ length: 3000, sealed: Promise.resolve(counted[2]!) }, summaryOf(8100));
      const refused = { ...sealedPart(10, 4), release: () => void released[3]!++ };
      await assert.rejects(async () => writer.append(refused), Error);
      late.resolve(counted[0]!);
      await appended;
      const row = await committed;
      assertParts(await parts(journal, row), sealed, row);
      assert.deepEqual(released, [1, 1, 1, 1]);
    },
  );

  withJournal("a part whose seal is late does not hold up what was committed before it", async ({ journal }) => {
    const late = Promise.withResolvers<SealedPart>();
    const waiting = journal.begin(identityOf(1, 1), 3);
    const other = journal.begin(identityOf(1, 2), 3);
    const committed = other.commit(sealedPart(10, 1), summaryOf(10));
    const appended = waiting.append({ length: 5000, sealed: late.promise });
    await committed;
    late.resolve(sealedPart(5000, 2));
    await appended;
    await waiting.commit(sealedPart(10, 3), summaryOf(5010));
  });

  withJournal("parts beyond the bound are refused", async ({ journal }) => {
    const bytes = { nonce: Buffer.alloc(12), tag: Buffer.alloc(16), ciphertext: [Buffer.alloc(MAX_PART_BYTES + 1)] };
    await assert.rejects(async () => journal.begin(identityOf(1, 1), 0).append(bytes), RangeError);
    await assert.rejects(journal.begin(identityOf(1, 2), 0).commit(bytes, summaryOf(1)), RangeError);
    const table = sealedTable(MAX_TABLE_BYTES + 1, 1);
    const commit = journal.begin(identityOf(1, 3), 0).commit(sealedPart(1, 1), summaryOf(1), table);
    await assert.rejects(commit, RangeError);
  });

  withJournal(
    "a table reads back apart from the parts, whatever its size, and they without it",
    async ({ journal }) => {
      for (const [sequence, bytes] of [0, 1, 500, 3952, 3953, 20_000, MAX_TABLE_BYTES].entries()) {
        const sealed = [sealedPart(2000, 1), sealedPart(100, 2)];
        const table = sealedTable(bytes, 7);
        const writer = journal.begin(identityOf(1, sequence + 1), 0);
        await writer.append(sealed[0]!);
        const row = await writer.commit(sealed[1]!, summaryOf(2100), table);
        const { duration, size, startsClean, lacksPictures, configuration, ...rest } = row;
        const { segment: _segment, extents: _extents, ...identity } = rest;
        const summary = { duration, size, startsClean, lacksPictures, configuration };
        const { nonce, tag, ciphertext, ...told } = (await journal.readTable(row))!;
        assert.deepEqual(told, { ...identity, summary });
        assert.deepEqual({ nonce, tag, ciphertext }, table);
        assertParts(await parts(journal, row), sealed, row);
      }
    },
  );

  withJournal("a fragment without a table has none", async ({ journal }) => {
    const row = await journal.begin(identityOf(1, 1), 0).commit(sealedPart(5000, 1), summaryOf(5000));
    assert.equal(await journal.readTable(row), undefined);
    await assert.rejects(journal.readTable({ ...row, sequence: 2 }), RecordDamaged);
    await assert.rejects(journal.readTable({ ...row, segment: row.segment + 1000 }), RecordGone);
  });

  withJournal("a row that means another record is told", async ({ journal }) => {
    const row = await journal.begin(identityOf(1, 1), 0).commit(sealedPart(10, 1), summaryOf(10));
    await assert.rejects(parts(journal, { ...row, sequence: 2 }), RecordDamaged);
    await assert.rejects(parts(journal, { ...row, segment: row.segment + 1000 }), RecordGone);
  });

  withJournal("collect frees what expired and keeps what is live", async ({ journal, index }) => {
    const old = await journal.begin(identityOf(1, 1), 0).commit(sealedPart(1000, 1), summaryOf(1000));
    await index.expire(1, old.serverTimestamp + 1, 10);
    const sealed = sealedPart(1000, 2);
    const row = await journal.begin(identityOf(1, 2), 0).commit(sealed, summaryOf(1000));
    await journal.collect();
    const [now] = await index.after(ALL, 0, 10);
    assertParts(await parts(journal, now!), [sealed], now!);
    assert.equal(now!.sequence, row.sequence);
  });

  withJournal("close makes durable what is queued, and refuses what comes after", async ({ journal, index }) => {
    const commit = journal.begin(identityOf(1, 1), 0).commit(sealedPart(10, 1), summaryOf(10));
    await Promise.all([journal.close(), commit]);
    assert.equal((await index.after(ALL, 0, 10)).length, 1);
    assert.equal(journal.writable, false);
    assert.equal(journal.unavailable?.reason, "closed");
    const late = journal.begin(identityOf(1, 2), 0);
    await assert.rejects(late.commit(sealedPart(10, 1), summaryOf(10)), JournalUnavailable);
  });
}
