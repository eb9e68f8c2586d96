import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { annexB, hex, trackOf } from "../../test/tracks.ts";
import { CodecError, describeTrack, type MatroskaTrack, type MediaCodec, parameterSets } from "../index.ts";

const OPUS_HEAD = hex("4f70757348656164 01 02 3801 80bb0000 0000 00");
const A_LAW = hex("0600 0100 401f0000 401f0000 0100 0800 0000");
const AV1_RECORD = hex("81010c00 0a0b0000000cc5036936be4010");
const AV1_HDR = hex("81014c00 0a0e0000000cc5036936be5424402410");
const AV1_FRAME = hex("1200 0a0b0000000cc5036936be40103294371400a0f810d86fb1").subarray(0, 15);
const AVC = annexB(hex("6742c016d900a02ff970110000030001000003001e0f162e48"), hex("68cb83cb20"));

/** A BITMAPINFOHEADER of 40 bytes with this code, and what stands behind it. */
function bitmapInfo(code: string, extra: Uint8Array): Uint8Array {
  const header = new Uint8Array(40 + extra.length);
  header.set(
    [...code].map((letter) => letter.charCodeAt(0)),
    16,
  );
  header.set(extra, 40);
  return header;
}

const SIZE = { pixelWidth: 640, pixelHeight: 360, displayWidth: undefined, displayHeight: undefined };

/** Set-ups that ffmpeg 5.1 wrote, or after the formats' own texts; VP9 frames are the first bytes of libvpx 1.12's. */
const CASES: { what: string; track: MatroskaTrack; keyFrame?: Uint8Array; expected: Partial<MediaCodec> }[] = [
  {
    what: "AAC LC, stereo",
    track: trackOf("A_AAC", { codecPrivate: hex("1190") }),
    expected: { name: "aac", rfc6381: "mp4a.40.2", sampleRate: 48_000, channels: 2, samplesPerFrame: 1024 },
  },
  {
    what: "AAC LC that says that it has no SBR",
    track: trackOf("A_AAC", { codecPrivate: hex("120856e500") }),
    expected: { rfc6381: "mp4a.40.2", sampleRate: 44_100, channels: 1 },
  },
  {
    what: "AAC of 960 samples a frame and 5.1 channels",
    track: trackOf("A_AAC", { codecPrivate: hex("11b4") }),
    expected: { rfc6381: "mp4a.40.2", channels: 6, samplesPerFrame: 960 },
  },
  {
    what: "HE-AAC, signalled first",
    track: trackOf("A_AAC", { codecPrivate: hex("2b118800") }),
    expected: { rfc6381: "mp4a.40.5", sampleRate: 48_000, channels: 2, samplesPerFrame: 2048 },
  },
  {
    what: "HE-AAC, signalled so that old decoders pass over it",
    track: trackOf("A_AAC", { codecPrivate: hex("131056e598") }),
    expected: { rfc6381: "mp4a.40.5", sampleRate: 48_000, channels: 2, samplesPerFrame: 2048 },
  },
  {
    what: "HE-AAC v2, signalled first",
    track: trackOf("A_AAC", { codecPrivate: hex("eb098800") }),
    expected: { rfc6381: "mp4a.40.29", sampleRate: 48_000, channels: 2, samplesPerFrame: 2048 },
  },
  {
    what: "Opus",
    track: trackOf("A_OPUS", { codecPrivate: OPUS_HEAD }),
    expected: { name: "opus", rfc6381: "opus", sampleRate: 48_000, channels: 2, samplesPerFrame: undefined },
  },
  {
    what: "G.711 A-law",
    track: trackOf("A_MS/ACM", { codecPrivate: A_LAW }),
    expected: { name: "pcma", rfc6381: "alaw", sampleRate: 8000, channels: 1 },
  },
  {
    what: "G.711 mu-law, without the size of what follows",
    track: trackOf("A_MS/ACM", { codecPrivate: hex("0700 0200 803e0000 007d0000 0200 0800") }),
    expected: { name: "pcmu", rfc6381: "ulaw", sampleRate: 16_000, channels: 2 },
  },
  {
    what: "AAC under its Windows name",
    track: trackOf("A_MS/ACM", { codecPrivate: hex("ff00 0200 80bb0000 00000000 0100 1000 0200 1190") }),
    expected: { name: "aac", rfc6381: "mp4a.40.2", sampleRate: 48_000, configuration: hex("1190") },
  },
  {
    what: "MP3 under its Windows name",
    track: trackOf("A_MS/ACM", { codecPrivate: hex("5500 0200 44ac0000 00000000 0100 0000 0000") }),
    expected: { name: "mp3", rfc6381: "mp4a.6B", sampleRate: 44_100, channels: 2, samplesPerFrame: 1152 },
  },
  {
    what: "MP3 of MPEG-2",
    track: trackOf("A_MPEG/L3", { audio: { samplingFrequency: 22_050, channels: 1, bitDepth: undefined } }),
    expected: { name: "mp3", samplesPerFrame: 576 },
  },
  {
    what: "AV1 by its record",
    track: trackOf("V_AV1", { codecPrivate: AV1_RECORD }),
    expected: { name: "av1", rfc6381: "av01.0.01M.08", width: 642, height: 362, configuration: AV1_RECORD },
  },
  {
    what: "AV1 of high dynamic range",
    track: trackOf("V_AV1", { codecPrivate: AV1_HDR }),
    expected: { rfc6381: "av01.0.01M.10.0.110.09.16.09.0", width: 642, height: 362, configuration: AV1_HDR },
  },
  {
    what: "AV1 by its key frame",
    track: trackOf("V_AV1"),
    keyFrame: AV1_FRAME,
    expected: { rfc6381: "av01.0.01M.08", width: 642, configuration: hex("81010c00 0a0b0000000cc5036936be4010") },
  },
  {
    what: "VP9 by its key frame",
    track: trackOf("V_VP9", { defaultDurationNs: 40_000_000 }),
    keyFrame: hex("824983420013f00b360638241c184a"),
    expected: {
      name: "vp9",
      rfc6381: "vp09.00.11.08",
      width: 320,
      height: 180,
      configuration: hex("000b820202020000"),
    },
  },
  {
    what: "VP9 of 10 bits",
    track: trackOf("V_VP9", { defaultDurationNs: 40_000_000 }),
    keyFrame: hex("924983422009f8059b031c120e0c2c"),
    expected: { rfc6381: "vp09.02.11.10", width: 320, height: 180, configuration: hex("020ba20202010000") },
  },
  {
    what: "VP9 by the features of its CodecPrivate",
    track: trackOf("V_VP9", { codecPrivate: hex("010100 02011e 030108 040101"), video: SIZE }),
    expected: { rfc6381: "vp09.00.30.08", width: 640, height: 360, configuration: hex("001e820202020000") },
  },
  {
    what: "H.264 under its Windows name",
    track: trackOf("V_MS/VFW/FOURCC", { codecPrivate: bitmapInfo("h264", AVC) }),
    expected: { name: "h264", rfc6381: "avc1.42c016", width: 640, height: 360 },
  },
];

for (const { what, track, keyFrame, expected } of CASES) {
  test(`describes ${what}`, () => {
    const codec = describeTrack(track, keyFrame);
    assert.deepEqual({ ...codec, ...expected }, codec);
  });
}

const REFUSED: [what: string, MatroskaTrack, CodecError["code"]][] = [
  ["a codec without mapping", trackOf("V_VP8"), "unsupported"],
  ["text", trackOf("S_TEXT/UTF8"), "unsupported"],
  [
    "a format tag without mapping",
    trackOf("A_MS/ACM", { codecPrivate: hex("0100 0100 401f0000 803e0000 0200 1000") }),
    "unsupported",
  ],
  [
    "a Windows name without mapping",
    trackOf("V_MS/VFW/FOURCC", { codecPrivate: bitmapInfo("MJPG", AVC) }),
    "unsupported",
  ],
  ["AAC without set-up", trackOf("A_AAC"), "missing-configuration"],
  ["AAC of a reserved rate", trackOf("A_AAC", { codecPrivate: hex("1690") }), "invalid-configuration"],
  ["AAC without channels", trackOf("A_AAC", { codecPrivate: hex("1180 0000 0000 0000") }), "invalid-configuration"],
  ["Opus without set-up", trackOf("A_OPUS", { codecPrivate: new Uint8Array(0) }), "missing-configuration"],
  ["Opus with another's set-up", trackOf("A_OPUS", { codecPrivate: new Uint8Array(19) }), "invalid-configuration"],
  [
    "Opus of three channels without mapping",
    trackOf("A_OPUS", { codecPrivate: hex("4f70757348656164 01 03 3801 80bb0000 0000 00") }),
    "invalid-configuration",
  ],
  ["G.711 without set-up", trackOf("A_MS/ACM"), "missing-configuration"],
  [
    "G.711 of 0 Hz",
    trackOf("A_MS/ACM", { codecPrivate: hex("0600 0100 00000000 401f0000 0100 0800") }),
    "invalid-configuration",
  ],
  ["MP3 of a rate that it has not", trackOf("A_MPEG/L3"), "invalid-configuration"],
  ["AV1 without set-up", trackOf("V_AV1"), "missing-configuration"],
  ["AV1 with another's set-up", trackOf("V_AV1", { codecPrivate: A_LAW }), "invalid-configuration"],
  ["VP9 of unknown profile", trackOf("V_VP9", { video: SIZE }), "missing-configuration"],
];

for (const [what, track, code] of REFUSED) {
  test(`refuses ${what} and names its CodecID`, () => {
    assert.throws(() => describeTrack(track), { name: "CodecError", code, codecId: track.codecId });
  });
}

test("whatever the set-up holds, it is described or refused with a CodecError", () => {
  const seeds = CASES.map(({ track, keyFrame }) => ({ track, keyFrame }));
  const bytes = fc.uint8Array({ maxLength: 200 });
  const damage = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 8 });
  const property = fc.property(
    fc.constantFrom(...seeds),
    damage,
    fc.nat(400),
    bytes,
    fc.boolean(),
    (seed, changes, cut, noise, random) => {
      const damaged = (data: Uint8Array | undefined): Uint8Array | undefined => {
        if (random || !data) return noise;
        const copy = data.slice(0, cut);
        for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
        return copy;
      };
      const track = { ...seed.track, codecPrivate: damaged(seed.track.codecPrivate) };
      try {
        const codec = describeTrack(track, damaged(seed.keyFrame));
        if (codec.kind === "audio") return;
        assert.ok(codec.width > 0 && codec.height > 0 && codec.displayWidth > 0);
        parameterSets(codec);
      } catch (error) {
        if (!(error instanceof CodecError)) throw error;
      }
    },
  );
  fc.assert(property, { numRuns: 5000 });
});
