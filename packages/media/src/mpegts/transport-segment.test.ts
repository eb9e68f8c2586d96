import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readTransportStream } from "../../test/transport-stream.ts";
import { type AudioCodec, CodecError, type MediaCodec, type VideoCodec } from "../codecs/model.ts";
import type { MatroskaTrack } from "../matroska/model.ts";
import type { Sample, TrackSamples } from "../samples/model.ts";
import { TRANSPORT_START_TICKS, transportSegment } from "./transport-segment.ts";

const VIDEO = 0x100;
const AUDIO = 0x101;
const RANGE = 2 ** 33;

const SPS = Buffer.from("6742c01ed900a03db0162004", "hex");
const PPS = Buffer.from("68cb83cb20", "hex");
const AVCC = Buffer.concat([Buffer.from("0142c01effe1000c", "hex"), SPS, Buffer.from("010005", "hex"), PPS]);
const START_CODE = Buffer.from("00000001", "hex");
const DELIMITER = Buffer.from("0000000109f0", "hex");

const h264 = (changes: Partial<VideoCodec> = {}): VideoCodec => ({
  kind: "video",
  name: "h264",
  rfc6381: "avc1.42c01e",
  width: 640,
  height: 480,
  displayWidth: 640,
  displayHeight: 480,
  sampleAspect: { numerator: 1, denominator: 1 },
  frameRate: 25,
  reorderFrames: 0,
  reorderLimit: changes.reorderFrames ?? 0,
  color: undefined,
  configuration: AVCC,
  nalLengthBytes: 4,
  ...changes,
});
const aac: AudioCodec = {
  kind: "audio",
  name: "aac",
  rfc6381: "mp4a.40.2",
  sampleRate: 48_000,
  channels: 2,
  samplesPerFrame: 1024,
  configuration: Uint8Array.of(0x11, 0x90),
};
const mp3: AudioCodec = {
  ...aac,
  name: "mp3",
  rfc6381: "mp4a.6B",
  samplesPerFrame: 1152,
  configuration: new Uint8Array(0),
};

function trackOf(codec: MediaCodec, samples: readonly Sample[]): TrackSamples {
  const track = { codecId: codec.kind === "video" ? "V_X" : "A_X" } as MatroskaTrack;
  const timescale = codec.kind === "video" ? 90_000 : codec.sampleRate;
  return { track, codec, timescale, samples, damagedFrames: 0 };
}

function prefixed(nals: readonly Uint8Array[], lengthBytes: number): Uint8Array {
  return Buffer.concat(
    nals.flatMap((nal) => {
      const length = Buffer.alloc(lengthBytes);
      length.writeUIntBE(nal.length, 0, lengthBytes);
      return [length, nal];
    }),
  );
}

const sample = (data: Uint8Array, decodeTime: number, changes: Partial<Sample> = {}): Sample => ({
  data,
  decodeTime,
  compositionOffset: 0,
  duration: 3600,
  keyframe: false,
  ...changes,
});
/** A frame of one NAL unit. */
const slice = (bytes: number, first = 0x41): Uint8Array =>
  prefixed([new Uint8Array(bytes).fill(0xaa).fill(first, 0, 1)], 4);
const sound = (count: number, from = 0, bytes = 100): Sample[] =>
  Array.from({ length: count }, (_, i) => sample(new Uint8Array(bytes).fill(i), from + 1024 * i, { duration: 1024 }));

test("a key frame gets the parameter sets, and each frame a delimiter", () => {
  const video = trackOf(h264(), [sample(slice(300, 0x65), 0, { keyframe: true }), sample(slice(5), 3600)]);
  const { pes, sections } = readTransportStream(transportSegment({ video }));
  const [first, second] = pes.get(VIDEO)!;
  const key = [START_CODE, SPS, START_CODE, PPS, START_CODE, slice(300, 0x65).subarray(4)];
  assert.deepEqual(Buffer.from(first!.payload), Buffer.concat([DELIMITER, ...key]));
  assert.deepEqual(Buffer.from(second!.payload), Buffer.concat([DELIMITER, START_CODE, slice(5).subarray(4)]));
  assert.deepEqual([first!.randomAccess, second!.randomAccess], [true, false]);
  assert.deepEqual([first!.streamId, first!.pts, first!.dts], [0xe0, TRANSPORT_START_TICKS, TRANSPORT_START_TICKS]);
  assert.equal(second!.pts, TRANSPORT_START_TICKS + 3600);
  assert.deepEqual([...sections.keys()], [0, 0x1000]);
});

test("H.265 has its own delimiter, type and sets", () => {
  const set = (type: number): Uint8Array => Uint8Array.of(type << 1, 1, type);
  const hvcc = Buffer.concat([
    Buffer.from("01016000000090000000000000f000fcfdf8f800000f03", "hex"),
    ...[32, 33, 34].flatMap((type) => [Buffer.from([0x80 | type, 0, 1, 0, 3]), set(type)]),
  ]);
  const codec = h264({ name: "h265", configuration: hvcc });
  const frame = prefixed([Uint8Array.of(0x26, 1, 9)], 4);
  const { pes, sections } = readTransportStream(
    transportSegment({ video: trackOf(codec, [sample(frame, 0, { keyframe: true })]) }),
  );
  const units = [set(32), set(33), set(34), frame.subarray(4)].flatMap((nal) => [START_CODE, nal]);
  assert.deepEqual(
    Buffer.from(pes.get(VIDEO)![0]!.payload),
    Buffer.concat([Buffer.from("00000001460150", "hex"), ...units]),
  );
  assert.equal(sections.get(0x1000)![0]![12], 0x24);
});

test("sets and delimiters that a frame brings stay single", () => {
  const own = Uint8Array.of(0x67, 1, 2);
  const nals = [Uint8Array.of(9, 0x10), own, new Uint8Array(0), Uint8Array.of(0x65, 1)];
  for (const nalLengthBytes of [1, 2, 4]) {
    const data = prefixed(nals, nalLengthBytes);
    const video = trackOf(h264({ nalLengthBytes }), [sample(data, 0, { keyframe: true })]);
    const { pes } = readTransportStream(transportSegment({ video }));
    const expected = Buffer.concat([DELIMITER, START_CODE, own, START_CODE, nals[3]!]);
    assert.deepEqual(Buffer.from(pes.get(VIDEO)![0]!.payload), expected);
  }
});

test("a last NAL unit that is cut short stays so", () => {
  const video = trackOf(h264(), [sample(slice(20).subarray(0, 10), 0)]);
  const { pes } = readTransportStream(transportSegment({ video }));
  assert.deepEqual(
    Buffer.from(pes.get(VIDEO)![0]!.payload),
    Buffer.concat([DELIMITER, START_CODE, slice(20).subarray(4, 10)]),
  );
});

test("frames of sound share PES packets up to 150 ms or a gap", () => {
  const samples = [...sound(10), ...sound(2, 10_250)];
  samples[9] = { ...samples[9]!, duration: 1034 };
  const { pes } = readTransportStream(transportSegment({ audio: trackOf(aac, samples) }));
  const packets = pes.get(AUDIO)!;
  assert.deepEqual(
    packets.map(({ payload, pts }) => [payload.length / 107, pts - TRANSPORT_START_TICKS]),
    [
      [8, 0],
      [2, (8 * 1024 * 15) / 8],
      [2, Math.round((10_250 * 15) / 8)],
    ],
  );
  // AAC LC, 48 kHz, two channels, 107 bytes.
  assert.equal(Buffer.from(packets[1]!.payload.subarray(0, 8)).toString("hex"), "fff14c800d7ffc08");
});

test("a PES packet of sound states its length, and takes no frame that it has no room for", () => {
  const { pes } = readTransportStream(transportSegment({ audio: trackOf(aac, sound(8, 0, 8184)) }));
  assert.deepEqual(
    pes.get(AUDIO)!.map(({ payload, statedLength }) => [payload.length / 8191, statedLength]),
    [
      [7, 7 * 8191 + 8],
      [1, 8191 + 8],
    ],
  );
});

test("MP3 goes as it is, and what is no frame is left out", () => {
  const samples = [sample(new Uint8Array(3), 0), sample(new Uint8Array(96).fill(7), 1152, { duration: 1152 })];
  for (const [sampleRate, streamType] of [
    [44_100, 3],
    [24_000, 4],
  ] as const) {
    const { pes, sections } = readTransportStream(
      transportSegment({ audio: trackOf({ ...mp3, sampleRate }, samples) }),
    );
    assert.deepEqual(
      pes.get(AUDIO)!.map(({ payload }) => payload.length),
      [96],
    );
    assert.equal(sections.get(0x1000)![0]![12], streamType);
  }
  const large = [sample(new Uint8Array(8185), 0, { duration: 1024 }), ...sound(1, 1024)];
  const { pes } = readTransportStream(transportSegment({ audio: trackOf(aac, large) }));
  assert.equal(pes.get(AUDIO)![0]!.payload.length, 107);
});

test("times wrap at 33 bits", () => {
  const video = trackOf(h264({ reorderFrames: undefined }), [
    sample(slice(9), 0, { keyframe: true, compositionOffset: 0 }),
    sample(slice(9), 3600, { compositionOffset: 3600 }),
    sample(slice(9), 7200, { compositionOffset: -3600 }),
  ]);
  const baseTicks = 5 * RANGE - TRANSPORT_START_TICKS;
  const { pes } = readTransportStream(transportSegment({ video, baseTicks }));
  assert.deepEqual(
    pes.get(VIDEO)!.map(({ dts, pts }) => [pts, dts]),
    [
      [0, RANGE - 3600],
      [7200, 0],
      [3600, 3600],
    ],
  );
});

test("decoding times are moved back by what the codec states, however the frames lie", () => {
  const codec = h264({ reorderFrames: 2, frameRate: 25 });
  const video = trackOf(codec, [sample(slice(9), 0, { keyframe: true }), sample(slice(9), 3600)]);
  const { pes } = readTransportStream(transportSegment({ video }));
  const [first, second] = pes.get(VIDEO)!;
  assert.ok(first!.pts - first!.dts >= 7200);
  assert.equal(second!.pts - second!.dts, first!.pts - first!.dts);
});

test("the clock goes on through pauses of a minute, and over longer ones", () => {
  const frames = (pause: number): TrackSamples =>
    trackOf(h264(), [sample(slice(9), 0, { keyframe: true }), sample(slice(9), pause), sample(slice(9), pause + 3600)]);
  const minute = readTransportStream(transportSegment({ video: frames(60 * 90_000) })).clocks.get(VIDEO)!;
  assert.deepEqual(
    minute.map((ticks) => ticks - TRANSPORT_START_TICKS + 45_000),
    [...Array.from({ length: 601 }, (_, i) => 9000 * i), 60 * 90_000 + 3600],
  );
  const hour = readTransportStream(transportSegment({ video: frames(3600 * 90_000) })).clocks.get(VIDEO)!;
  assert.equal(hour.length, 3);
});

test("frames tell the clock each 40 ms, and key frames always", () => {
  const keys = new Set([0, 4, 10]);
  const samples = Array.from({ length: 12 }, (_, i) => sample(slice(9), 1500 * i, { keyframe: keys.has(i) }));
  const { clocks } = readTransportStream(transportSegment({ video: trackOf(h264(), samples) }));
  assert.deepEqual(
    clocks.get(VIDEO)!.map((ticks) => (ticks - TRANSPORT_START_TICKS + 45_000) / 1500),
    [0, 3, 4, 7, 10],
  );
});

test("a track without samples is declared, and takes no packets", () => {
  const { counts, pes, sections } = readTransportStream(
    transportSegment({ video: trackOf(h264(), []), audio: trackOf(aac, sound(3)) }),
  );
  assert.equal(counts.get(VIDEO), undefined);
  assert.equal(pes.get(AUDIO)!.length, 1);
  const programMap = "02b0170001c10000e100f0001be100f0000fe101f0002f44b99b";
  assert.equal(Buffer.from(sections.get(0x1000)![0]!).toString("hex"), programMap);
  assert.equal(transportSegment({ video: trackOf(h264(), []) }).length, 376);
});

test("a frame of 64 KiB leaves its length open", () => {
  for (const [payloadBytes, statedLength] of [
    [65_527, 65_535],
    [65_528, 0],
  ] as const) {
    const frame = slice(payloadBytes - DELIMITER.length - START_CODE.length);
    const { pes } = readTransportStream(transportSegment({ video: trackOf(h264(), [sample(frame, 0)]) }));
    assert.equal(pes.get(VIDEO)![0]!.payload.length, payloadBytes);
    assert.equal(pes.get(VIDEO)![0]!.statedLength, statedLength);
  }
});

const refused = (settings: Parameters<typeof transportSegment>[0], code: string): void => {
  assert.throws(
    () => transportSegment(settings),
    (error) => error instanceof CodecError && error.code === code && error.codecId.endsWith("_X"),
  );
};

test("codecs without mapping are refused by name", () => {
  refused({ audio: trackOf({ ...aac, name: "opus" }, []) }, "unsupported");
  refused({ video: trackOf(h264({ name: "av1" }), []) }, "unsupported");
  refused({ video: trackOf(aac, []) }, "unsupported");
  refused({ audio: trackOf(h264(), []) }, "unsupported");
  assert.throws(() => transportSegment({}), RangeError);
  assert.throws(() => transportSegment({ audio: trackOf(aac, []), baseTicks: 0.5 }), RangeError);
});

const timeOf = (base: number, ticks: number): number => (((base + ticks) % RANGE) + RANGE) % RANGE;

/** NAL units of types that are no delimiters and no sets. */
const nal = fc
  .tuple(fc.constantFrom(0x41, 0x65, 0x06, 0x68), fc.integer({ min: 0, max: 700 }))
  .map(([type, length]) => Uint8Array.from({ length: length + 1 }, (_, i) => (i === 0 ? type : i)));
const frames = fc.array(fc.tuple(fc.array(nal, { minLength: 1, maxLength: 4 }), fc.boolean()), { maxLength: 40 });
const scene = fc.record({
  frames,
  nalLengthBytes: fc.constantFrom(2, 4),
  interval: fc.integer({ min: 1, max: 40_000 }),
  order: fc.array(fc.nat({ max: 3 }), { minLength: 40, maxLength: 40 }),
  sounds: fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 80 }),
  soundFrom: fc.integer({ min: -50_000, max: 50_000 }),
  baseTicks: fc.integer({ min: -(2 ** 34), max: 2 ** 50 }),
});
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

function tracksOf({ frames, interval, nalLengthBytes, order, soundFrom, sounds }: Scene): {
  video: TrackSamples;
  audio: TrackSamples;
} {
  const samples = frames.map(([nals, keyframe], i) =>
    sample(prefixed(nals, nalLengthBytes), i * interval, { keyframe, compositionOffset: (order[i]! - 2) * interval }),
  );
  const audio = sounds.map((bytes, i) => sample(new Uint8Array(bytes), soundFrom + 1024 * i, { duration: 1024 }));
  return { video: trackOf(h264({ nalLengthBytes, reorderFrames: undefined }), samples), audio: trackOf(aac, audio) };
}

test("whatever the samples, each segment and all joined keep to the rules, and carry every byte and time", () => {
  fc.assert(
    fc.property(scene, (data) => {
      const { audio, video } = tracksOf(data);
      const { baseTicks } = data;
      const segment = transportSegment({ video, audio, baseTicks });
      const { clocks, counts, pes } = readTransportStream(segment);
      for (const pid of [VIDEO, AUDIO]) assert.equal((counts.get(pid) ?? 0) % 16, 0);
      readTransportStream(Buffer.concat([segment, segment, segment]));

      const base = baseTicks + TRANSPORT_START_TICKS;
      const pictures = pes.get(VIDEO) ?? [];
      assert.equal(pictures.length, data.frames.length);
      pictures.forEach(({ dts, payload, pts, randomAccess }, i) => {
        const [nals, keyframe] = data.frames[i]!;
        const { compositionOffset, decodeTime } = video.samples[i]!;
        assert.equal(pts, timeOf(base, decodeTime + compositionOffset));
        assert.ok(timeOf(pts, -dts) < 5 * data.interval);
        assert.equal(randomAccess, keyframe);
        const sets = keyframe ? [START_CODE, SPS, START_CODE, PPS] : [];
        const expected = Buffer.concat([DELIMITER, ...sets, ...nals.flatMap((unit) => [START_CODE, unit])]);
        assert.ok(expected.equals(payload));
      });
      const soundBytes = (pes.get(AUDIO) ?? []).reduce((sum, { payload }) => sum + payload.length, 0);
      assert.equal(
        soundBytes,
        data.sounds.reduce((sum, bytes) => sum + bytes + 7, 0),
      );

      const references = clocks.get(VIDEO) ?? [];
      if (data.frames.length + data.sounds.length > 0) assert.ok(references.length > 0);
      for (const [i, clock] of references.slice(1).entries()) assert.ok(timeOf(clock, -references[i]!) <= 9000);
    }),
    { numRuns: 150 },
  );
});

test("each byte of the memory is written, whatever it held and whatever the frames are", () => {
  const bytes = fc.uint8Array({ maxLength: 600 });
  fc.assert(
    fc.property(scene, fc.array(bytes, { maxLength: 8 }), fc.constantFrom(1, 2, 4), (data, damaged, nalLengthBytes) => {
      const samples = damaged.map((each, i) => sample(each, i * 3600, { keyframe: i % 3 === 0 }));
      const { video, audio } = tracksOf(data);
      for (const pictures of [video, trackOf(h264({ nalLengthBytes }), samples)]) {
        const filledWith = (value: number): Uint8Array =>
          transportSegment({ video: pictures, audio, allocate: (length) => new Uint8Array(length).fill(value) });
        assert.deepEqual(filledWith(0xa5), transportSegment({ video: pictures, audio }));
        assert.deepEqual(filledWith(0xff), filledWith(0x47));
      }
    }),
  );
});

test("data comes in the order of decoding, and before the clock reaches its time", () => {
  fc.assert(
    fc.property(scene, (data) => {
      const { order } = readTransportStream(transportSegment({ ...tracksOf(data), baseTicks: data.baseTicks }));
      let clock: number | undefined;
      let earlier: number | undefined;
      for (const { kind, ticks } of order) {
        if (kind === "clock") clock = ticks;
        else {
          assert.ok(clock !== undefined && timeOf(ticks, -clock) <= 45_000 + 9000);
          assert.ok(timeOf(ticks, -(earlier ?? ticks)) < RANGE / 2);
          earlier = ticks;
        }
      }
    }),
    { numRuns: 100 },
  );
});
