import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openFragmentIndex } from "../../storage/catalog/sqlite/open-fragment-index.ts";
import { SqliteStreamCatalog } from "../../storage/catalog/sqlite/stream-catalog.ts";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import { DomainError } from "../errors.ts";
import { GENEROUS_STREAM_LIMITS } from "../streams/limits.ts";
import { StreamRegistry } from "../streams/registry.ts";
import type { Stream } from "../streams/stream.ts";
import { FragmentListing, type FragmentSelection } from "./fragment-listing.ts";
import { FragmentPoints, GENEROUS_POINT_LIMITS } from "./fragment-points.ts";

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;
const SEGMENT = 1;
const everything: FragmentSelection = { clock: "serverTimestamp", from: 0, to: NOW };

interface Archive {
  readonly listing: FragmentListing;
  readonly stream: Stream;
  readonly streams: StreamRegistry;
  readonly insert: (...rows: FragmentRow[]) => void;
}

async function archive(retentionHours = 1): Promise<Archive> {
  const { index, ledger } = openFragmentIndex(":memory:");
  ledger.addSegment(SEGMENT, 1);
  const streams = new StreamRegistry({
    catalog: new SqliteStreamCatalog(":memory:"),
    keys: { create: async () => ({ wrappedBy: "test", bytes: new Uint8Array(60) }), forget: () => undefined },
    now: () => NOW,
    region: "us-east-1",
    accountId: "123456789012",
    limits: GENEROUS_STREAM_LIMITS,
  });
  const stream = await streams.create({ name: "gate", retentionHours, storageTier: "HOT", tags: {} });
  return {
    listing: new FragmentListing(index, new FragmentPoints(GENEROUS_POINT_LIMITS)),
    stream,
    streams,
    insert: (...rows) => ledger.insert(rows),
  };
}

const row = (streamId: number, sequence: number, serverTimestamp: number, producerTimestamp: number): FragmentRow => ({
  streamId,
  sequence,
  serverTimestamp,
  producerTimestamp,
  random: sequence,
  duration: 2_000,
  size: 100,
  startsClean: true,
  lacksPictures: false,
  configuration: 1,
  segment: SEGMENT,
  extents: [sequence * 100, 100],
});

const sequences = (rows: readonly FragmentRow[]): number[] => rows.map(({ sequence }) => sequence);

async function allPages(archive: Archive, selection: FragmentSelection, limit: number): Promise<number[][]> {
  const pages: number[][] = [];
  for (let start: FragmentSelection | string | undefined = selection; start !== undefined; ) {
    const { fragments, token }: { fragments: readonly FragmentRow[]; token?: string } = await archive.listing.list(
      archive.stream,
      start,
      limit,
    );
    pages.push(sequences(fragments));
    start = token;
  }
  return pages;
}

const refused = (promise: Promise<unknown>): Promise<void> =>
  assert.rejects(promise, (error) => error instanceof DomainError && error.code === "invalid-argument");

test("fragments that start in the range are listed, both ends included, on the clock that is asked for", async () => {
  const { listing, stream, insert } = await archive();
  insert(row(stream.id, 1, NOW - 30, 5_000), row(stream.id, 2, NOW - 20, 6_000), row(stream.id, 3, NOW - 10, 7_000));
  const list = async (selection: FragmentSelection) => sequences((await listing.list(stream, selection, 10)).fragments);
  assert.deepEqual(await list({ clock: "serverTimestamp", from: NOW - 30, to: NOW - 20 }), [1, 2]);
  assert.deepEqual(await list({ clock: "serverTimestamp", from: NOW - 29, to: NOW }), [2, 3]);
  assert.deepEqual(await list({ clock: "producerTimestamp", from: 6_000, to: 6_000 }), [2]);
  assert.deepEqual(await list({ clock: "producerTimestamp", from: 6_001, to: 6_999 }), []);
});

test("pages hold each fragment of the range once, whatever the clocks did and however large a page is", async () => {
  const time = fc.integer({ min: 0, max: 20 });
  const clocks = fc.array(fc.tuple(time, time), { maxLength: 30 });
  const clock = fc.constantFrom("serverTimestamp" as const, "producerTimestamp" as const);
  await fc.assert(
    fc.asyncProperty(clocks, clock, time, time, fc.integer({ min: 1, max: 8 }), async (times, by, a, b, limit) => {
      const store = await archive();
      const rows = times.map(([server, producer], i) =>
        row(store.stream.id, i + 1, NOW - 20 + server, NOW - 20 + producer),
      );
      store.insert(...rows);
      const selection = { clock: by, from: NOW - 20 + Math.min(a, b), to: NOW - 20 + Math.max(a, b) };
      const pages = await allPages(store, selection, limit);
      const expected = rows.filter((each) => each[by] >= selection.from && each[by] <= selection.to);
      assert.deepEqual(
        pages.flat().sort((x, y) => x - y),
        sequences(expected),
      );
      for (const page of pages)
        assert.deepEqual(
          page,
          page.toSorted((x, y) => x - y),
        );
      for (const page of pages.slice(0, -1)) assert.equal(page.length, limit);
    }),
    { numRuns: 60 },
  );
});

test("fragments that arrive between two pages neither repeat nor hide any", async () => {
  const store = await archive();
  const { listing, stream, insert } = store;
  insert(...[1, 2, 3, 4].map((sequence) => row(stream.id, sequence, NOW - 100 + sequence, NOW)));
  const first = await listing.list(stream, everything, 2);
  insert(row(stream.id, 5, NOW - 50, NOW));
  const second = await listing.list(stream, first.token!, 2);
  const third = await listing.list(stream, second.token!, 2);
  assert.deepEqual(
    [first, second, third].map(({ fragments }) => sequences(fragments)),
    [[1, 2], [3, 4], [5]],
  );
  assert.equal(third.token, undefined);
});

test("what has expired, what another stream holds, and what is not archived is not listed", async () => {
  const { listing, stream, streams, insert } = await archive(1);
  const other = await streams.create({ name: "door", retentionHours: 1, storageTier: "HOT", tags: {} });
  insert(row(stream.id, 1, NOW - HOUR - 1, NOW), row(stream.id, 2, NOW - HOUR, NOW), row(other.id, 3, NOW, NOW));
  assert.deepEqual(sequences((await listing.list(stream, everything, 10)).fragments), [2]);
  await stream.changeRetention(stream.record.version, -1);
  assert.deepEqual(await listing.list(stream, everything, 10), { fragments: [] });
});

test("a range that ends before it begins is refused, one of a single moment is not", async () => {
  const { listing, stream } = await archive();
  await refused(listing.list(stream, { clock: "serverTimestamp", from: 2, to: 1 }, 10));
  assert.deepEqual(await listing.list(stream, { clock: "serverTimestamp", from: 1, to: 1 }, 10), { fragments: [] });
});

test("a token is of one stream and of this list", async () => {
  const { listing, stream, streams, insert } = await archive();
  insert(row(stream.id, 1, NOW - 2, NOW), row(stream.id, 2, NOW - 1, NOW));
  const { token } = await listing.list(stream, everything, 1);
  assert.match(token!, /^[a-zA-Z0-9+/]{1,4094}={0,2}$/);
  const other = await streams.create({ name: "door", retentionHours: 1, storageTier: "HOT", tags: {} });
  await refused(listing.list(other, token!, 1));
  await refused(listing.list(stream, "bm90IGEgdG9rZW4=", 1));
  const clockless = Buffer.from(token!, "base64").toString().replace("serverTimestamp", "another");
  await refused(listing.list(stream, Buffer.from(clockless).toString("base64"), 1));
});
