import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCodeOf } from "../errors.ts";
import { Retries } from "./retries.ts";

function begin() {
  const notes: string[] = [];
  const ends: (Error | undefined)[] = [];
  const statistics = {
    framesWritten: 0,
    framesDropped: 0,
    bytesWritten: 0,
    fragmentsAcknowledged: 0,
    bytesAcknowledged: 0,
    fragmentsRefused: 0,
    connections: 0,
  };
  const interruption = new AbortController();
  const retries = new Retries({
    giveUpAfterMs: 30_000,
    signal: interruption.signal,
    note: (text) => notes.push(text),
  });
  retries.watch({ statistics, unacknowledgedBytes: 5000, abort: (reason) => ends.push(reason) });
  return { retries, statistics, interruption, notes, ends };
}

test("a reason is told once, and again when it comes back after something was stored", () => {
  const { retries, statistics, notes } = begin();
  const told = [];
  for (const reason of ["full", "full", "reset", "full"]) {
    retries.failed(new Error(reason));
    told.push(notes.length);
  }
  statistics.fragmentsAcknowledged = 1;
  retries.failed(new Error("full"));
  assert.deepEqual([...told, notes.length], [1, 1, 2, 3, 4]);
  assert.equal(notes[0], "kvass: full; trying again for up to 30 s");
});

test("an upload that is given up says what of it is not stored, once", () => {
  const gone = begin();
  assert.equal(gone.retries.left(new Error("connection refused")), ", 5.00 kB of what was sent are not stored");
  gone.retries.failed(new Error("full"));
  gone.interruption.abort();
  assert.equal(gone.retries.left(gone.ends[0]), "");
});

test("an interruption ends what the service does not take, and lets be what it does", () => {
  const refused = begin();
  refused.retries.failed(new Error("full"));
  refused.interruption.abort();
  assert.match(String(refused.ends[0]), /5.00 kB of what was sent are not stored/);
  assert.equal(exitCodeOf(refused.ends[0]), 130);

  const late = begin();
  late.retries.failed(new Error("full"));
  late.interruption.abort(new DOMException("the time is over", "TimeoutError"));
  assert.equal(exitCodeOf(late.ends[0]), 1);

  const taken = begin();
  taken.retries.failed(new Error("reset"));
  taken.statistics.fragmentsAcknowledged = 1;
  taken.interruption.abort();
  assert.deepEqual(taken.ends, []);
  taken.retries.failed(new Error("reset"));
  assert.equal(taken.ends.length, 1);
});
