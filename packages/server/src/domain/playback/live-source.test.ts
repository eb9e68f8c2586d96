/** What a live session shows before the archive has it, and what becomes of that. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import type { Stream } from "../streams/stream.ts";
import { RECENT_PAGE_ROWS } from "./recent-rows.ts";
import { type ArrivingFragment, LiveSource } from "./segment-source.ts";
import { rowAt } from "./testing.ts";
import type { SessionGrant } from "./token.ts";

const GRANT: SessionGrant = {
  parameters: {
    protocol: "hls",
    mode: "live",
    container: "fmp4",
    clock: "producerTimestamp",
    from: undefined,
    to: undefined,
    discontinuities: "never",
    showTimestamps: false,
    showNumbers: false,
    maxSegments: 5,
    expiresSeconds: 300,
  },
  streamId: 1,
  streamCreation: 0,
  createdAt: rowAt(3).serverTimestamp,
  anchor: 1,
  base: rowAt(1).producerTimestamp,
  since: rowAt(1).serverTimestamp,
  targetSeconds: 2,
  peakBandwidth: 1,
  averageBandwidth: 1,
  joins: false,
};

/** A live session over rows that tests add. */
function session(...rows: FragmentRow[]): { rows: FragmentRow[]; source: LiveSource } {
  const behind = (after: number) => rows.filter(({ sequence }) => sequence > after).slice(0, RECENT_PAGE_ROWS);
  const recent = {
    after: async (_: Stream, after: number) => behind(after),
    known: (_: Stream, after: number) => (rows.length > 0 ? behind(after) : undefined),
  };
  // Neither is looked at where the recent rows are given.
  const places = { stream: {} as Stream, index: {} as FragmentIndex, recent };
  return { rows, source: new LiveSource(places, GRANT) };
}

const arriving = (state: ArrivingFragment["state"], row: FragmentRow): ArrivingFragment => ({ state, row });

/** Each segment as `number:sequence`, with `!` for a gap, `/` for a discontinuity before it, and `+` for one in progress. */
const words = (segments: ReturnType<LiveSource["preview"]>): string =>
  segments.map(({ segment, open }) => word(segment) + (open ? "+" : "")).join(" ");
const word = ({ discontinuity, number, sequence, gap }: Awaited<ReturnType<LiveSource["next"]>>[number]): string =>
  `${discontinuity ? "/" : ""}${number}:${sequence}${gap ? "!" : ""}`;
const next = async (source: LiveSource): Promise<string> => (await source.next()).map(word).join(" ");

test("what is known at once is what would be waited for, but for what has to be counted first", async () => {
  const { rows, source } = session();
  assert.equal(source.nextKnown(), undefined);
  rows.push(rowAt(1), rowAt(2));
  assert.deepEqual(source.nextKnown()?.map(word), ["0:1", "1:2"]);
  assert.deepEqual(source.nextKnown(), []);
  rows.push(rowAt(3));
  assert.equal(await next(source), "2:3");
  const previewed = session(rowAt(1));
  previewed.source.expectPreviews();
  assert.equal(previewed.source.nextKnown(), undefined);
  assert.equal(await next(previewed.source), "0:1");
  previewed.rows.push(rowAt(2));
  assert.deepEqual(previewed.source.nextKnown()?.map(word), ["1:2"]);
});

test("what arrives has the numbers that it keeps when the archive has it", async () => {
  const { rows, source } = session(rowAt(1), rowAt(2));
  assert.equal(words(source.preview([arriving("open", rowAt(3))])), "");
  assert.equal(await next(source), "0:1 1:2");
  const open = [arriving("complete", rowAt(3)), arriving("open", rowAt(4)), arriving("open", rowAt(5))];
  assert.equal(words(source.preview(open)), "2:3 3:4+");
  // Rows that the archive has meanwhile are not shown twice.
  rows.push(rowAt(3));
  assert.equal(await next(source), "2:3");
  assert.equal(words(source.preview(open)), "3:4+");
});

test("what was shown and fails stays, as a gap, and a discontinuity follows", async () => {
  const { rows, source } = session(rowAt(1), rowAt(2));
  await source.next();
  assert.equal(words(source.preview([arriving("open", rowAt(3))])), "2:3+");
  const failed = arriving("failed", rowAt(3));
  assert.equal(words(source.preview([failed])), "2:3!");
  // Its producer sends it again.
  const again = rowAt(1003, { producerTimestamp: rowAt(3).producerTimestamp });
  assert.equal(words(source.preview([failed, arriving("open", again)])), "2:3! /3:1003+");
  rows.push(again);
  assert.equal(await next(source), "2:3! /3:1003");
  const [, after] = source.preview([failed, arriving("open", rowAt(1004))]);
  assert.equal(after, undefined);
  assert.equal(words(source.preview([failed, arriving("open", rowAt(1004))])), "4:1004+");
});

test("what was shown and nobody knows of any more is a gap too", async () => {
  const { rows, source } = session(rowAt(1));
  await source.next();
  source.preview([arriving("open", rowAt(2))]);
  assert.equal(words(source.preview([arriving("open", rowAt(3))])), "1:2! /2:3+");
  rows.push(rowAt(3));
  assert.equal(await next(source), "1:2! /2:3");
});

test("what fails without having been shown leaves nothing behind", async () => {
  const { rows, source } = session(rowAt(1));
  await source.next();
  assert.equal(words(source.preview([arriving("failed", rowAt(2)), arriving("open", rowAt(3))])), "1:3+");
  rows.push(rowAt(3));
  assert.equal(await next(source), "1:3");
});

test("what is sent again by the producer's clock is not shown while it arrives either", async () => {
  const { source } = session(rowAt(1), rowAt(2));
  await source.next();
  const again = rowAt(3, { producerTimestamp: rowAt(2).producerTimestamp });
  assert.equal(words(source.preview([arriving("open", again)])), "");
});

test("after a restart numbers go on from at least as many as gaps may have taken", async () => {
  const holes = [rowAt(1), rowAt(2), rowAt(1002, { serverTimestamp: rowAt(4).serverTimestamp }), rowAt(1005)];
  const plain = session(...holes).source;
  assert.equal(await next(plain), "0:1 1:2 /2:1002 3:1005".replace("/", ""));
  const { source } = session(...holes);
  source.expectPreviews();
  // Two where a connection broke, two where fragments of one are missing.
  assert.equal(await next(source), "4:1 5:2 6:1002 7:1005");
  // Before the session began nobody was shown anything.
  const old = session(rowAt(1), rowAt(3)).source;
  old.expectPreviews();
  assert.equal(await next(old), "0:1 1:3");
});

test("half a day is read page by page, with the numbers that it has when it is read at once", async () => {
  // Of three fragments one is lost.
  const sequences = Array.from({ length: 2 * RECENT_PAGE_ROWS + 1 }, (_, index) => index + 1 + (index >> 1));
  const { source } = session(...sequences.map((sequence) => rowAt(sequence)));
  source.expectPreviews();
  const [pages, numbers]: [number[], number[]] = [[], []];
  do {
    const segments = await source.next();
    pages.push(segments.length);
    numbers.push(...segments.map(({ number }) => number));
    // Asked again while it is counted, it does not begin anew.
    source.expectPreviews();
  } while (source.behind);
  const holes = RECENT_PAGE_ROWS;
  const [counted, read] = [
    [0, 0, 0],
    [RECENT_PAGE_ROWS, RECENT_PAGE_ROWS, 1],
  ];
  assert.deepEqual(pages, [...counted, ...read]);
  assert.deepEqual([numbers[0], numbers.length], [2 * holes, sequences.length]);
  assert.equal(numbers.at(-1), 2 * holes + sequences.length - 1);
});
