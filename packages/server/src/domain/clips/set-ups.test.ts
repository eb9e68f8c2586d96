import assert from "node:assert/strict";
import { test } from "node:test";
import { createFile, MP4BoxBuffer } from "mp4box";
import { fixture, make, START } from "../../../../../tests/support/clips.ts";
import { audioVideoHeader, bodyHeader, cluster, simpleBlock } from "../../../../../tests/support/matroska-body.ts";
import { formatFragmentNumber } from "../fragments/fragment-number.ts";

/** Parameter sets of libx264, of 640 to 360 and 720 to 576 pixels. */
const SETS = {
  640: ["6764001eacd940a02ff9701100000300010000030032602001e840007a13930c01e2c5b2c0", "68ebecb22c"],
  720: ["6764001eacd940b424d8088000000300800000190f8a14cb", "68fba3cb22c0"],
};

/** A frame of NAL units behind their lengths. */
const frame = (...nals: string[]): Buffer =>
  Buffer.concat(
    nals.map((hex) => {
      const nal = Buffer.from(hex, "hex");
      const length = Buffer.alloc(4);
      length.writeUInt32BE(nal.length);
      return Buffer.concat([length, nal]);
    }),
  );

const key = (sets: readonly string[]): Buffer => frame(...sets, `65888${"1".repeat(201)}`);
const other = frame(`4188${"2".repeat(60)}`);

/** A second of pictures, the first of which brings these sets. */
const fragment = (second: number, sets: readonly string[]): Buffer =>
  cluster(
    START + second * 1000,
    ...Array.from({ length: 10 }, (_, i) => simpleBlock(1, i * 100, i === 0, i === 0 ? key(sets) : other)),
  );

test("a clip of pictures whose parameter sets change in their frames has a description for each", async () => {
  const it = await fixture();
  // What brings none is of the size that the header tells.
  const sizes = [[], SETS[640], SETS[640], SETS[720], SETS[640], []];
  await it.put(bodyHeader(), ...sizes.map((sets, second) => fragment(second, sets)));
  const file = createFile(true);
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(new Uint8Array(await make(it)).buffer, 0), true);
  const { entries } = file.moov.traks[0]!.mdia.minf.stbl.stsd;
  assert.deepEqual(
    entries.map((entry) => "width" in entry && "height" in entry && [entry.width, entry.height]),
    [
      [640, 480],
      [640, 360],
      [720, 576],
    ],
  );
  const [track] = file.getInfo().tracks;
  assert.deepEqual([track!.track_width, track!.track_height], [720, 576], "as large as the largest");
  const described = file.getTrackSamplesInfo(1).map(({ description_index }) => description_index);
  assert.deepEqual(
    described,
    [0, 1, 1, 2, 1, 0].flatMap((place) => Array(10).fill(place)),
  );
  await it.server.close();
});

test("a clip whose producer's header changes on the way is refused, and the fragment and its times named", async () => {
  const it = await fixture();
  await it.put(bodyHeader(), fragment(0, SETS[640]), fragment(1, SETS[640]));
  await it.put(audioVideoHeader(), fragment(2, SETS[640]));
  const rows = await it.server.index.after({ streamId: it.stream.id, horizon: 0 }, 0, 10);
  const changed = rows.at(-1)!;
  const time = new Date(changed.producerTimestamp).toISOString();
  await assert.rejects(make(it), {
    code: "invalid-codec-data",
    message: new RegExp(`${formatFragmentNumber(changed)} .*${time}`),
  });
  await it.server.close();
});

test("a clip whose pictures have more set-ups than a file shall describe is refused, and the fragment named", async () => {
  const it = await fixture();
  // Of levels 1 to 2.6, by level_idc.
  const levels = Array.from({ length: 17 }, (_, second) => (10 + second).toString(16).padStart(2, "0"));
  const [sequence, picture] = SETS[640];
  const sets = levels.map((level) => [`${sequence!.slice(0, 6)}${level}${sequence!.slice(8)}`, picture!]);
  await it.put(bodyHeader(), ...sets.map((own, second) => fragment(second, own)));
  const last = (await it.server.index.after({ streamId: it.stream.id, horizon: 0 }, 0, 20)).at(-1)!;
  await assert.rejects(make(it), {
    code: "invalid-codec-data",
    message: new RegExp(`^The pictures change at fragment ${formatFragmentNumber(last)} .* 16 sets of codec data`),
  });
  await it.server.close();
});
