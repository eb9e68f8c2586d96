import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PlaybackRefusal } from "../../domain/playback/refusal.ts";
import { PlaybackQuery } from "./request.ts";

/** What a query gives for `SessionToken`: its value, or why there is none. */
function tokenIn(query: string): string {
  try {
    return `=${new PlaybackQuery(query).token}`;
  } catch (error) {
    assert.ok(error instanceof PlaybackRefusal && error.reason === "invalid");
    return error.message;
  }
}

/** The same by the standard's own parser. */
function expected(query: string): string {
  const values = new URLSearchParams(query).getAll("SessionToken");
  if (values.length > 1) return "SessionToken is given more than once.";
  return values.length === 0 ? "SessionToken is missing." : `=${values[0]}`;
}

test("a query is read as the URL standard does, encoded or not", () => {
  const piece = fc.constantFrom(
    "SessionToken",
    "SessionToke",
    "Session",
    "=",
    "&",
    "a~",
    "%53",
    "+",
    "%",
    "TrackNumber=1",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const query = pieces.join("");
      assert.equal(tokenIn(query), expected(query));
    }),
    { numRuns: 1000 },
  );
});

test("all that playlists write is understood", () => {
  const query = new PlaybackQuery(
    "FragmentNumber=123&FragmentCount=2&SessionToken=abc~&TrackNumber=3&SequenceNumber=4",
  );
  assert.deepEqual(query.segment, { fragmentNumber: "123", fragments: 2 });
  assert.deepEqual([query.token, query.track, query.sequenceNumber, query.part], ["abc~", 3, 4, undefined]);
  assert.deepEqual([query.inFolder, query.lowLatency], [false, false]);
});
