import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Recording, record } from "../../test/recorder.ts";
import { frame, lacedBlock } from "../../test/samples.ts";
import { clusterHeader, concatBytes, ebmlHeader, segmentHeader, tracksElement, voidElement } from "../index.ts";
import { element, uintElement } from "./element-writer.ts";
import { ID } from "./ids.ts";

const RUNS = 500;
const HEAD = concatBytes([
  ebmlHeader(),
  segmentHeader(),
  tracksElement([{ number: 1, type: "video", codecId: "V_TEST" }]),
]);

/** Data of a SimpleBlock or Block: a track number in one byte or two, a time, any flags but lacing, and a frame. */
const blockData = fc
  .record({
    track: fc.nat(300),
    time: fc.integer({ min: -32_768, max: 32_767 }),
    flags: fc.nat(255),
    size: fc.nat(300),
  })
  .map(({ track, time, flags, size }) => {
    const number = track < 127 ? [0x80 | track] : [0x40 | (track >> 8), track & 0xff];
    return concatBytes([Uint8Array.of(...number, (time >> 8) & 0xff, time & 0xff, flags & ~0x06), frame(track, size)]);
  });
const simpleBlock = blockData.map((data) => element(ID.SimpleBlock, data));

/** Anything that stands in a BlockGroup, and what may not. */
const groupChild = fc.oneof(
  blockData.map((data) => element(ID.Block, data)),
  fc.integer({ min: 1, max: 8 }).map((length) => uintElement(ID.BlockDuration, 33, length)),
  fc.constant(element(ID.ReferenceBlock, Uint8Array.of(0xdf))),
  fc.constant(element(0x75a2, Uint8Array.of(7))),
  fc.nat(40).map((size) => voidElement(size + 2)),
  simpleBlock,
);
const goodGroup = fc
  .record({ data: blockData, duration: fc.option(fc.nat(1000)), refers: fc.boolean() })
  .map(({ data, duration, refers }) =>
    element(ID.BlockGroup, [
      element(ID.Block, data),
      ...(duration === null ? [] : [uintElement(ID.BlockDuration, duration)]),
      ...(refers ? [element(ID.ReferenceBlock, Uint8Array.of(0xdf))] : []),
    ]),
  );
const anyGroup = fc.array(groupChild, { maxLength: 4 }).map((children) => element(ID.BlockGroup, children));
const child = fc.oneof(
  { weight: 4, arbitrary: simpleBlock },
  { weight: 4, arbitrary: goodGroup },
  { weight: 1, arbitrary: anyGroup },
  { weight: 1, arbitrary: fc.constant(lacedBlock(0x02, [frame(1, 5), frame(2, 6)], [5])) },
  { weight: 1, arbitrary: fc.constant(voidElement(9)) },
);

const told = ({ recorder, error }: Recording) => [recorder.calls, recorder.clusters, error?.code, error?.message];

test("blocks that lie whole in a chunk are read as those that come byte by byte, damage included", () => {
  const damage = fc.option(fc.record({ at: fc.nat(), value: fc.nat(255) }), { freq: 2 });
  fc.assert(
    fc.property(fc.array(child, { maxLength: 8 }), fc.boolean(), damage, (children, sized, damaged) => {
      const data = concatBytes(children);
      const bytes = concatBytes([HEAD, clusterHeader(7, sized ? data.length : undefined), data]);
      if (damaged !== null && data.length > 0)
        bytes[bytes.length - data.length + (damaged.at % data.length)] = damaged.value;
      assert.deepEqual(told(record(bytes, [bytes.length])), told(record(bytes, [1])));
    }),
    { numRuns: RUNS },
  );
});
