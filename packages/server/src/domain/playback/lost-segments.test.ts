import assert from "node:assert/strict";
import { test } from "node:test";
import { CodecError, MatroskaError } from "@kvass/media";
import { RecordDamaged, RecordUnavailable } from "../../storage/ports/journal.ts";
import { LayoutError } from "../fragments/layout.ts";
import { LostSegments } from "./lost-segments.ts";

const named = (sequence: number, fragments = 1, configuration = 1) => ({ sequence, fragments, configuration });
const damaged = new RecordDamaged("a flipped bit");

test("a segment with a damaged fragment is lost, and so is a longer one; a shorter one may do without that fragment", () => {
  for (const error of [damaged, new MatroskaError("overrun", "Cluster", 0, "less"), new LayoutError("no layout")]) {
    const lost = new LostSegments(() => undefined);
    lost.failed(named(7, 3), error);
    const others = [named(7, 2), named(7, 3), named(7, 4), named(6, 3), named(8, 3)];
    assert.deepEqual(
      others.map((segment) => lost.has(segment)),
      [false, true, true, false, false],
    );
    lost.failed(named(7, 2), error);
    assert.equal(lost.has(named(7, 2)), true);
    assert.equal(lost.version, 2);
  }
});

test("a codec that a container does not carry is that of all segments with its set-up; another fault may be one segment's", () => {
  const lost = new LostSegments(() => undefined);
  lost.failed(named(1, 1, 5), new CodecError("missing-configuration", "A_AAC", "no set-up data"));
  assert.deepEqual([lost.has(named(1, 1, 5)), lost.has(named(2, 1, 5))], [true, false]);
  lost.failed(named(3, 1, 6), new CodecError("unsupported", "A_OPUS", "no mapping"));
  assert.deepEqual([lost.has(named(2, 1, 6)), lost.has(named(2, 1, 5))], [true, false]);
});

test("what may be there the next time is not lost, and what is lost counts and is reported once", () => {
  const reported: unknown[] = [];
  const lost = new LostSegments((error) => void reported.push(error));
  lost.failed(named(1), new RecordUnavailable("no descriptors"));
  lost.failed(named(1), new Error("a key that is not there for now"));
  assert.deepEqual([lost.has(named(1)), lost.version], [false, 0]);
  lost.failed(named(1), damaged);
  lost.failed(named(1), damaged);
  assert.deepEqual([lost.version, reported], [1, [damaged]]);
});

test("a thousand are remembered, the newest", () => {
  const lost = new LostSegments(() => undefined);
  for (let sequence = 1; sequence <= 1001; sequence++) lost.failed(named(sequence), damaged);
  assert.deepEqual(
    [1, 2, 1001].map((sequence) => lost.has(named(sequence))),
    [false, true, true],
  );
});
