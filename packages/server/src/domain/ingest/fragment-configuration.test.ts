import assert from "node:assert/strict";
import { test } from "node:test";
import { InProcessServer, TestSession } from "../../../../../tests/support/in-process.ts";
import { bodyHeader, cluster, simpleBlock } from "../../../../../tests/support/matroska-body.ts";

/** Parameter sets of libx264, of 640 to 360 pixels with and without a buffer model, and of 720 to 576. */
const SMALL = ["6764001eacd940a02ff9701100000300010000030032602001e840007a13930c01e2c5b2c0", "68ebecb22c"];
const LARGE = ["6764001eacd940b424d8088000000300800000190f8a14cb", "68fba3cb22c0"];
const SLICE = `65888${"1".repeat(201)}`;
const OTHER = `4188${"2".repeat(60)}`;

const prefixed = (nals: readonly string[]): Buffer =>
  Buffer.concat(
    nals.flatMap((hex) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(hex.length / 2);
      return [length, Buffer.from(hex, "hex")];
    }),
  );

const startCodes = (nals: readonly string[]): Buffer =>
  Buffer.from(nals.map((hex) => `00000001${hex}`).join(""), "hex");

/** The configurations of the fragments whose first frames are these, in the order in which the producer sends them. */
async function configurations(frames: readonly Uint8Array[], chunk?: number): Promise<number[]> {
  const server = new InProcessServer();
  const stream = await server.create("camera");
  const clusters = frames.map((frame, second) => {
    const key = (frame[4]! & 0x1f) !== 1;
    return cluster(second * 1000, simpleBlock(1, 0, key, frame), simpleBlock(1, 500, false, prefixed([OTHER])));
  });
  const acks = await (await TestSession.open(server, stream)).put(Buffer.concat([bodyHeader(), ...clusters]), chunk);
  assert.equal(acks.filter(({ EventType }) => EventType === "PERSISTED").length, frames.length);
  const rows = await server.index.after({ streamId: stream.id, horizon: 0 }, 0, 100);
  await server.close();
  return rows.map(({ configuration }) => configuration);
}

/** Equal values as equal small numbers, in the order in which they come. */
const places = (values: readonly number[]): number[] => {
  const distinct = [...new Set(values)];
  return values.map((value) => distinct.indexOf(value));
};

test("fragments whose key frames bring sets for other pictures are decoded with another set-up", async () => {
  for (const framed of [prefixed, startCodes]) {
    const frames = [
      [SLICE],
      [...SMALL, SLICE],
      ["09f0", ...LARGE, SLICE],
      [...LARGE, SLICE],
      [...SMALL, SLICE],
      [SLICE],
    ];
    for (const chunk of [65_536, 7]) {
      assert.deepEqual(places(await configurations(frames.map(framed), chunk)), [0, 1, 2, 2, 1, 0]);
    }
  }
});

test("what begins with no key frame goes on with the set-up of the fragment before", async () => {
  const frames = [[...SMALL, SLICE], [OTHER], [...LARGE, SLICE], [OTHER], [OTHER], [SLICE], [OTHER]];
  assert.deepEqual(places(await configurations(frames.map(prefixed))), [0, 0, 1, 1, 1, 2, 2]);
});

test("the set-up is that of the header where sets are those of the header, or damaged", async () => {
  const own = ["6742c01ed900a03db0162004", "68cb83cb"];
  const frames = [[SLICE], [...own.map((set) => set), SLICE], [SMALL[0]!.slice(0, 10), SLICE]];
  assert.deepEqual(places(await configurations(frames.map(prefixed))), [0, 0, 0]);
});
