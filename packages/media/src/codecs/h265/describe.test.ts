import assert from "node:assert/strict";
import { test } from "node:test";
import { annexB, hex, lengthPrefixed, trackOf } from "../../../test/tracks.ts";
import { describeTrack, parameterSets, type VideoCodec } from "../../index.ts";
import { LEADING_BYTES } from "../nal-units.ts";

interface Vector {
  what: string;
  vps: string;
  sps: string;
  pps: string;
  expected: Partial<VideoCodec>;
}

const PQ = { primaries: 9, transfer: 16, matrix: 9, fullRange: false };

/** Parameter sets that libx265 3.5 wrote through ffmpeg 5.1, and what ffprobe finds in them. */
const VECTORS: Vector[] = [
  {
    what: "Main, 1080 lines cropped from 1088",
    vps: "40010c01ffff016000000300900000030000030078959809",
    sps: "420101016000000300900000030000030078a003c08010e596566924caf0168080000003008000000c84",
    pps: "4401c172b46240",
    expected: { rfc6381: "hvc1.1.6.L120.90", width: 1920, height: 1080, frameRate: 25, reorderFrames: 2 },
  },
  {
    what: "Main 10 of high dynamic range, pixels that are not square",
    vps: "40010c01ffff02200000030090000003000003005a959809",
    sps: "42010102200000030090000003000003005aa005120171c92365959a4932bc39a84880482000007d20001d4c01",
    pps: "4401c172b46240",
    expected: {
      rfc6381: "hvc1.2.4.L90.90",
      width: 642,
      height: 362,
      displayWidth: 856,
      frameRate: 60000 / 1001,
      color: PQ,
    },
  },
  {
    what: "4:4:4 of the range extensions",
    vps: "40010c01ffff0408000003009e0800000300003c959809",
    sps: "4201010408000003009e0800000300003c90014901739ef2cacd24995e02d0100000030010000003019080",
    pps: "4401c172860c4624",
    expected: { rfc6381: "hvc1.4.10.L60.9E.8", width: 322, height: 182, frameRate: 25, reorderFrames: 2 },
  },
  {
    what: "scaling lists and a buffer model, no reordering",
    vps: "40010c01ffff01600000030090000003000003003f928090",
    sps: "42010101600000030090000003000003003fa0050201696592a49395e02d0100000300010000030019600c965e001e840007a122",
    pps: "4401c172b46240",
    expected: {
      rfc6381: "hvc1.1.6.L63.90",
      width: 640,
      height: 360,
      frameRate: 25,
      reorderFrames: 0,
      color: undefined,
    },
  },
];

function describe(...given: Parameters<typeof describeTrack>): VideoCodec {
  const codec = describeTrack(...given);
  assert.equal(codec.kind, "video");
  return codec as VideoCodec;
}

for (const { what, vps, sps, pps, expected } of VECTORS) {
  test(`H.265 ${what}: the same from start codes, from hvcC and in band`, () => {
    const sets = [hex(vps), hex(sps), hex(pps)];
    const fromStartCodes = describe(trackOf("V_MPEGH/ISO/HEVC", { codecPrivate: annexB(...sets) }));
    assert.deepEqual({ ...fromStartCodes, ...expected, nalLengthBytes: 4, name: "h265" }, fromStartCodes);
    assert.deepEqual(parameterSets(fromStartCodes), sets);
    const fromRecord = describe(trackOf("V_MPEGH/ISO/HEVC", { codecPrivate: fromStartCodes.configuration }));
    assert.deepEqual(fromRecord, fromStartCodes);
    const slice = hex("2601af09f0");
    for (const frame of [annexB(...sets, slice), lengthPrefixed(4, ...sets, slice)]) {
      const inBand = describe(trackOf("V_MPEGH/ISO/HEVC"), frame);
      assert.equal(inBand.rfc6381, fromStartCodes.rfc6381.replace("hvc1", "hev1"));
      assert.deepEqual(parameterSets(inBand), sets);
    }
  });
}

test("sets in a key frame count where they are for other pictures than the track's", () => {
  const [own, other] = [VECTORS[0]!, VECTORS.at(-1)!];
  const setsOf = ({ vps, sps, pps }: (typeof VECTORS)[number]): Uint8Array[] => [hex(vps), hex(sps), hex(pps)];
  const slice = new Uint8Array(5000).fill(0x26);
  const declared = describe(trackOf("V_MPEGH/ISO/HEVC", { codecPrivate: annexB(...setsOf(own)) }));
  for (const codecPrivate of [annexB(...setsOf(own)), declared.configuration]) {
    const track = trackOf("V_MPEGH/ISO/HEVC", { codecPrivate });
    const whole = lengthPrefixed(4, ...setsOf(other), slice);
    const changed = describe(track, whole);
    assert.deepEqual({ ...changed, ...other.expected }, changed);
    assert.deepEqual(parameterSets(changed), setsOf(other));
    for (const each of [track, trackOf("V_MPEGH/ISO/HEVC")]) {
      const [inBeginning, inWhole] = [
        describe(each, whole.subarray(0, LEADING_BYTES), whole.length),
        describe(each, whole),
      ];
      assert.deepEqual(inBeginning, inWhole);
    }
    const [vps, , pps] = setsOf(own);
    assert.deepEqual(parameterSets(describe(track, lengthPrefixed(4, hex(other.sps), slice))), [
      vps,
      hex(other.sps),
      pps,
    ]);
    for (const sets of [setsOf(own), [hex(other.sps).subarray(0, 8)], []]) {
      assert.deepEqual(describe(track, lengthPrefixed(4, ...sets, slice)), declared);
    }
  }
});

/** As ffmpeg 5.1 writes it: arrays that do not claim to be complete, and a message of the encoder (here cut off). */
const RECORD =
  "0102200000009000000000003cf000fcfdfafa00000f03" +
  "2000010018 40010c01ffff02200000030090000003000003005a959809" +
  "210001002d 42010102200000030090000003000003005aa005120171c92365959a4932bc39a84880482000007d20001d4c01" +
  "2200010007 4401c172b46240";

test("arrays of an hvcC are marked complete, and nothing else of it changes", () => {
  const codecPrivate = hex(RECORD);
  const { configuration } = describe(trackOf("V_MPEGH/ISO/HEVC", { codecPrivate }));
  const changes = [...configuration.entries()].filter(([i, byte]) => byte !== codecPrivate[i]);
  assert.deepEqual(
    changes.map(([, byte]) => byte),
    [0xa0, 0xa1, 0xa2],
  );
  assert.deepEqual(codecPrivate, hex(RECORD), "CodecPrivate itself stays as it is");
});

test("a set-up that is missing or damaged is told apart", () => {
  const record = hex(RECORD);
  const noSets = record.slice(0, 23);
  noSets[22] = 0;
  const manyArrays = record.slice();
  manyArrays[22] = 255;
  const cases: [Uint8Array | undefined, string][] = [
    [undefined, "missing-configuration"],
    [noSets, "missing-configuration"],
    [record.subarray(0, 22), "invalid-configuration"],
    [record.subarray(0, 60), "invalid-configuration"],
    [manyArrays, "invalid-configuration"],
  ];
  for (const [codecPrivate, code] of cases) {
    assert.throws(() => describeTrack(trackOf("V_MPEGH/ISO/HEVC", { codecPrivate })), { name: "CodecError", code });
  }
});
