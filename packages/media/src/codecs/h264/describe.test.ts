import assert from "node:assert/strict";
import { test } from "node:test";
import { annexB, hex, lengthPrefixed, trackOf } from "../../../test/tracks.ts";
import { type CodecError, describeTrack, parameterSets, type VideoCodec } from "../../index.ts";
import { LEADING_BYTES } from "../nal-units.ts";

interface Vector {
  what: string;
  sps: string;
  pps: string;
  expected: Partial<VideoCodec>;
}

const SQUARE = { numerator: 1, denominator: 1 };
const BT709 = { primaries: 1, transfer: 1, matrix: 1, fullRange: false };

/** Parameter sets that libx264 164 wrote through ffmpeg 5.1, and what ffprobe finds in them. */
const VECTORS: Vector[] = [
  {
    what: "baseline, 15 frames a second",
    sps: "6742c016d900a02ff970110000030001000003001e0f162e48",
    pps: "68cb83cb20",
    expected: { rfc6381: "avc1.42c016", width: 640, height: 360, frameRate: 15, reorderFrames: 0, color: undefined },
  },
  {
    what: "1080 lines cropped from 1088, colours described",
    sps: "674d4028eca03c0113f2e02d4040405000003e90000ea600f1831960",
    pps: "68ebe3cb20",
    expected: {
      rfc6381: "avc1.4d4028",
      width: 1920,
      height: 1080,
      frameRate: 30000 / 1001,
      reorderFrames: 2,
      color: BT709,
    },
  },
  {
    what: "pixels that are not square",
    sps: "6764001eacd940b4126c1040000003004000000c83c58b6580",
    pps: "68ebe3cb22c0",
    expected: { width: 720, height: 576, displayWidth: 1047, sampleAspect: { numerator: 16, denominator: 11 } },
  },
  {
    what: "interlaced",
    sps: "6764001eacd940b424d8088000000300800000190f8a14cb",
    pps: "68fba3cb22c0",
    expected: { width: 720, height: 576, frameRate: 25, reorderFrames: 2, sampleAspect: SQUARE },
  },
  {
    what: "4:2:2 of 10 bits, lines cropped one by one",
    sps: "677a001fb6cd940a02ff9f0110000003001000000640f1831960",
    pps: "68ebe3cb22c0",
    expected: { rfc6381: "avc1.7a001f", width: 640, height: 362, frameRate: 50 },
  },
  {
    what: "4:4:4",
    sps: "67f4000d919b282a33c7c5e022000003000200000300641e28532c",
    pps: "68ebe3c44844",
    expected: { rfc6381: "avc1.f4000d", width: 322, height: 182, frameRate: 25 },
  },
  {
    what: "with the buffer model of a constant bit rate",
    sps: "6764001eacd940a02ff9701100000300010000030032602001e840007a13930c01e2c5b2c0",
    pps: "68ebecb22c",
    expected: { width: 640, height: 360, frameRate: 25, reorderFrames: 2 },
  },
  {
    what: "without reordering, for low latency",
    sps: "6764001facb200a00b760220000003002000000791e30649",
    pps: "68ebc3cb22c0",
    expected: { rfc6381: "avc1.64001f", width: 1280, height: 720, frameRate: 30, reorderFrames: 0 },
  },
];

function assertContains(codec: VideoCodec, expected: Partial<VideoCodec>): void {
  assert.deepEqual({ ...codec, ...expected }, codec);
}

function describe(...given: Parameters<typeof describeTrack>): VideoCodec {
  const codec = describeTrack(...given);
  assert.equal(codec.kind, "video");
  return codec as VideoCodec;
}

for (const { what, sps, pps, expected } of VECTORS) {
  test(`H.264 ${what}: the same from start codes, from avcC and in band`, () => {
    const sets = [hex(sps), hex(pps)];
    const fromStartCodes = describe(trackOf("V_MPEG4/ISO/AVC", { codecPrivate: annexB(...sets) }));
    assertContains(fromStartCodes, { ...expected, nalLengthBytes: 4, name: "h264" });
    assert.deepEqual(parameterSets(fromStartCodes), sets);
    const fromRecord = describe(trackOf("V_MPEG/ISO/AVC", { codecPrivate: fromStartCodes.configuration }));
    assert.deepEqual(fromRecord, fromStartCodes);
    const slice = hex("65888400 10ff");
    const inBand = { ...fromStartCodes, rfc6381: fromStartCodes.rfc6381.replace("avc1", "avc3") };
    for (const frame of [annexB(...sets, slice), lengthPrefixed(4, hex("09f0"), ...sets, slice)]) {
      assert.deepEqual(describe(trackOf("V_MPEG4/ISO/AVC"), frame), inBand);
    }
  });
}

test("the avcC that ffmpeg writes is the one that is written here", () => {
  const record = "014d400dffe1001d674d400deca0a8cf11361cd40408090000030001000003003c0f14299601000468ce0fc8";
  const sets = [hex("674d400deca0a8cf11361cd40408090000030001000003003c0f142996"), hex("68ce0fc8")];
  const { configuration } = describe(trackOf("V_MPEG4/ISO/AVC", { codecPrivate: annexB(...sets) }));
  assert.deepEqual(configuration, hex(record));
});

test("lengths of the record's size are kept where its sets come in frames", () => {
  const [sps, pps] = [hex(VECTORS[0]!.sps), hex(VECTORS[0]!.pps)];
  const codecPrivate = hex("01 42c016 fd e0 00");
  const codec = describe(trackOf("V_MPEG4/ISO/AVC", { codecPrivate }), lengthPrefixed(2, sps, pps));
  assert.equal(codec.nalLengthBytes, 2);
  assert.deepEqual(parameterSets(codec), [sps, pps]);
});

test("the track's display size and frame rate count where the stream has none", () => {
  const withoutVui = hex(VECTORS[1]!.sps).subarray(0, 14);
  const codec = describe(
    trackOf("V_MPEG4/ISO/AVC", {
      codecPrivate: annexB(withoutVui, hex("68ce3c80")),
      defaultDurationNs: 40_000_000,
      video: { pixelWidth: 1920, pixelHeight: 1080, displayWidth: 2560, displayHeight: 1080 },
    }),
  );
  assertContains(codec, { frameRate: 25, reorderFrames: undefined, displayWidth: 2560, displayHeight: 1080 });
  assert.deepEqual(codec.sampleAspect, { numerator: 4, denominator: 3 });
});

test("how far frames can be reordered is stated, or what the reference frames leave room for", () => {
  const limitOf = (sps: string): number =>
    describe(trackOf("V_MPEG4/ISO/AVC", { codecPrivate: annexB(hex(sps), hex("68ce3c80")) })).reorderLimit;
  assert.equal(
    limitOf("674d400ceca0a0cfcf80880000030008000003019078a14cb0"),
    2,
    "libx264 with three frames of two directions",
  );
  const withoutVui = "674d400ceca0a0cfce80";
  assert.equal(limitOf(withoutVui), 3, "the same with its four reference frames alone");
  assert.equal(limitOf(withoutVui.replace("674d", "6742")), 0, "Baseline");
});

test("sets in a key frame count where they are for other pictures than the track's", () => {
  const [own, other] = [VECTORS[3]!, VECTORS[2]!];
  const slice = new Uint8Array(5000).fill(0x65);
  const codecPrivate = annexB(hex(own.sps), hex(own.pps));
  const declared = describe(trackOf("V_MPEG4/ISO/AVC", { codecPrivate }));
  const track = trackOf("V_MPEG4/ISO/AVC", { codecPrivate: declared.configuration });
  const frameOf = (...sets: string[]): Uint8Array => lengthPrefixed(4, hex("09f0"), ...sets.map(hex), slice);
  const whole = frameOf(other.sps, other.pps);
  const changed = describe(track, whole);
  assertContains(changed, other.expected);
  assert.equal(changed.rfc6381.slice(0, 4), "avc1");
  assert.deepEqual(parameterSets(changed), [hex(other.sps), hex(other.pps)]);
  // The beginning of a frame does, also where the track has no sets at all.
  const bare = trackOf("V_MPEG4/ISO/AVC");
  for (const each of [track, bare]) {
    assert.deepEqual(describe(each, whole.subarray(0, LEADING_BYTES), whole.length), describe(each, whole));
  }
  assert.deepEqual(describe(track, annexB(hex(other.sps), hex(other.pps), slice)), changed);
  assert.deepEqual(parameterSets(describe(track, frameOf(other.sps))), [hex(other.sps), hex(own.pps)]);
  // Sets of the same pictures, damaged ones and none change nothing.
  const slow = "674d400ceca0a0cfcf80880000030008000003019078a14cb0";
  const plain = trackOf("V_MPEG4/ISO/AVC", { codecPrivate: annexB(hex(slow), hex("68ce3c80")) });
  const fast = slow.replace("00030190", "00030290");
  assert.notEqual(describe(trackOf("V_MPEG4/ISO/AVC"), frameOf(fast, "68ce3c80")).frameRate, describe(plain).frameRate);
  assert.deepEqual(describe(plain, frameOf(fast, "68ce3c80")), describe(plain));
  for (const sets of [[own.sps, own.pps], [other.sps.slice(0, 10)], [other.pps], []]) {
    assert.deepEqual(describe(track, frameOf(...sets)), declared);
  }
});

test("a set-up that is missing or damaged is told apart", () => {
  const good = annexB(hex(VECTORS[0]!.sps), hex(VECTORS[0]!.pps));
  const record = describe(trackOf("V_MPEG4/ISO/AVC", { codecPrivate: good })).configuration;
  const cases: [Uint8Array | undefined, Uint8Array | undefined, CodecError["code"]][] = [
    [undefined, undefined, "missing-configuration"],
    [new Uint8Array(0), undefined, "missing-configuration"],
    [undefined, annexB(hex("6588840010ff")), "missing-configuration"],
    [annexB(hex("68ce3c80")), undefined, "missing-configuration"],
    [hex("0142c016ffe000"), undefined, "missing-configuration"],
    [hex("0242c016ffe000"), undefined, "invalid-configuration"],
    [record.subarray(0, 12), undefined, "invalid-configuration"],
    [record.subarray(0, record.length - 2), undefined, "invalid-configuration"],
    [annexB(hex(VECTORS[0]!.sps).subarray(0, 5)), undefined, "invalid-configuration"],
  ];
  for (const [codecPrivate, keyFrame, code] of cases) {
    assert.throws(() => describeTrack(trackOf("V_MPEG4/ISO/AVC", { codecPrivate }), keyFrame), {
      name: "CodecError",
      code,
    });
  }
});

test("a damaged VUI does not cost the picture", () => {
  const whole = hex(VECTORS[1]!.sps);
  const codec = describe(trackOf("V_MPEG4/ISO/AVC", { codecPrivate: annexB(whole.subarray(0, 14), hex("68ce3c80")) }));
  assertContains(codec, { width: 1920, height: 1080, frameRate: undefined, color: undefined });
});
