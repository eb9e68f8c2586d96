import assert from "node:assert/strict";
import { test } from "node:test";
import { InProcessServer, TestSession } from "../../../../../tests/support/in-process.ts";
import { audioVideoHeader, cluster, simpleBlock } from "../../../../../tests/support/matroska-body.ts";

const frame = Buffer.from("frame");
const video = simpleBlock(1, 0, true, frame);
const audio = simpleBlock(2, 0, true, frame);
/** Sound in the last second of three alone. */
const LATE_SOUND = Buffer.concat([
  audioVideoHeader(),
  cluster(1000, video),
  cluster(2000, video),
  cluster(3000, video, audio),
]);

test("fragments without sound are counted, and told of once for a stream", async () => {
  const server = new InProcessServer();
  for (const name of ["s", "t"]) {
    const stream = await server.create(name, 24);
    for (let session = 0; session < 2; session++) {
      await (await TestSession.open(server, stream)).put(LATE_SOUND, Number.POSITIVE_INFINITY);
    }
    assert.equal(server.metrics.of(name).putMedia.silentTracks, 4);
  }
  assert.deepEqual(server.toldAs("a track is silent for a fragment"), [
    { stream: "s", track: 2 },
    { stream: "t", track: 2 },
  ]);
  await server.close();
});
