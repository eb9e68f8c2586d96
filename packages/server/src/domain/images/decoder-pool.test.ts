import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { kill } from "node:process";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { describeTrack, MatroskaDemuxer, type MatroskaTrack, parameterSets, type VideoCodec } from "@kvass/media";
import { SHADED_RATE, type ShadedVideo, shadedVideo } from "../../../../../tests/support/shaded-video.ts";
import { BITSTREAMS } from "./bitstream.ts";
import { DecoderPool, type DecoderPoolOptions } from "./decoder-pool.ts";
import { patienceFor, type QueuedFrame } from "./decoder-process.ts";
import type { VideoFrame } from "./fragment-video.ts";
import { framesToQueue } from "./frame-selection.ts";

/** Frames of a video in the order of decoding, from its first key frame on. */
interface Video {
  readonly codec: VideoCodec;
  readonly frames: readonly VideoFrame[];
}

async function videoOf(settings: ShadedVideo): Promise<Video> {
  let track: MatroskaTrack | undefined;
  const frames: VideoFrame[] = [];
  const demuxer = new MatroskaDemuxer({
    onPacket: (packet) => {
      track = packet.track;
      frames.push({ data: packet.data, time: packet.timestampUs / 1000, keyframe: packet.keyframe });
    },
  });
  demuxer.feed(await shadedVideo(settings));
  const codec = describeTrack(track!, frames[0]!.data);
  assert.ok(codec.kind === "video");
  return { codec, frames };
}

/** Decodes frames (by their index) of a video; resolves with the shade of red in each picture, by the frame's index. */
async function shades(
  pool: DecoderPool,
  { codec, frames }: Video,
  wanted: readonly number[],
): Promise<Map<number, number>> {
  const { queue, indexOf } = framesToQueue(frames, 0, wanted, codec, BITSTREAMS[codec.name]);
  const found = new Map<number, number>();
  await pool.decode(codec.name, queue, async (rank, picture) => {
    assert.equal(picture.length, codec.width * codec.height * 3);
    found.set(indexOf.get(rank)!, picture[0]!);
  });
  return found;
}

/** What `shades` finds, as the numbers of frames in the order of presentation. */
async function shown(pool: DecoderPool, video: Video, wanted: readonly number[]): Promise<[number, number][]> {
  const found = await shades(pool, video, wanted);
  return [...found].sort(([a], [b]) => a - b).map(([at, red]) => [at, Math.round((red * 219) / 255 / 2)]);
}

const presented = ({ frames }: Video, wanted: readonly number[]): [number, number][] =>
  wanted.map((at) => [at, Math.round((frames[at]!.time / 1000) * SHADED_RATE)]);

const small = await videoOf({ seconds: 2 });
const large = await videoOf({ seconds: 2, size: "640x360" });
const h265 = await videoOf({ seconds: 2, codec: ["-c:v", "libx265", "-x265-params", "log-level=error"] });

function poolFor(options: Partial<DecoderPoolOptions> = {}): DecoderPool {
  const pool = new DecoderPool({ ffmpeg: "ffmpeg", size: 2, ...options });
  after(() => pool.close());
  return pool;
}

const isRunning = (pid: number): boolean => {
  try {
    return kill(pid, 0);
  } catch {
    return false;
  }
};

test("one process decodes one group of pictures after the other, whatever their size, and only what is wanted", async () => {
  const pool = poolFor();
  for (const video of [small, large, small]) {
    for (const wanted of [[0], [19], [0, 3, 4, 11, 19]]) {
      assert.deepEqual(await shown(pool, video, wanted), presented(video, wanted));
    }
  }
  assert.equal(pool.pids.length, 1);
});

test("decoders work side by side, and one of another codec takes the place of one that is idle", async () => {
  const pool = poolFor();
  await Promise.all([small, large].map((video) => shades(pool, video, [19])));
  const before = pool.pids;
  assert.equal(before.length, 2);
  assert.deepEqual(await shown(pool, h265, [5, 12]), presented(h265, [5, 12]));
  assert.equal(pool.pids.length, 2);
  assert.equal(pool.pids.filter((pid) => before.includes(pid)).length, 1);
});

test("more tasks than decoders wait for one", async () => {
  const pool = poolFor();
  const results = await Promise.all(Array.from({ length: 10 }, () => shown(pool, small, [7])));
  for (const result of results) assert.deepEqual(result, presented(small, [7]));
  assert.equal(pool.pids.length, 2);
});

test("a decoder that dies while it works is replaced, and its work done", async () => {
  const told: unknown[] = [];
  const pool = poolFor({ size: 1, tell: (name, fields) => void told.push([name, fields]) });
  await shades(pool, small, [0]);
  const [pid] = pool.pids;
  kill(pid!, "SIGSTOP");
  const decoding = shown(pool, small, [9]);
  kill(pid!, "SIGKILL");
  assert.deepEqual(await decoding, presented(small, [9]));
  assert.notEqual(pool.pids[0], pid);
  assert.deepEqual(told, [["decoder lost", { codec: "h264", message: "ffmpeg ended with SIGKILL" }]]);
});

test("a decoder that is stuck is killed, its task fails, and the next has a new one", async () => {
  const pool = poolFor({ size: 1, answersWithinMs: 3000 });
  await shades(pool, small, [0]);
  const [pid] = pool.pids;
  kill(pid!, "SIGSTOP");
  await assert.rejects(shades(pool, small, [9]), { name: "DecoderFailed", isStuck: true });
  assert.deepEqual(await shown(pool, small, [9]), presented(small, [9]));
  assert.ok(!isRunning(pid!));
});

test("how long a decoder may take follows from what it has to do", () => {
  const frame = { pieces: [], keyframe: true, rank: 0, isWanted: false, pixels: 1280 * 720 };
  const wanted = { ...frame, isWanted: true };
  const few = patienceFor([wanted]);
  const group = patienceFor([...Array.from({ length: 24 }, () => frame), wanted]);
  assert.deepEqual([patienceFor([]), few, group], [5000, 5646, 7857]);
  assert.equal(patienceFor([], 1280 * 720), 5553);
  assert.ok(patienceFor(Array.from({ length: 25 }, () => ({ ...frame, pixels: 3840 * 2160 }))) > 3 * group);
});

test("a decoder without work ends, and the next task starts one", async () => {
  const pool = poolFor({ idleMs: 50 });
  await shades(pool, small, [0]);
  const [pid] = pool.pids;
  while (pool.pids.length > 0 || isRunning(pid!)) await delay(10);
  assert.deepEqual(await shown(pool, small, [1]), presented(small, [1]));
});

test("closing ends every decoder, also one at work", async () => {
  const pool = poolFor();
  await shades(pool, small, [0]);
  const [pid] = pool.pids;
  kill(pid!, "SIGSTOP");
  const decoding = assert.rejects(shades(pool, small, [9]), { name: "DecoderFailed" });
  await pool.close();
  await decoding;
  assert.ok(!isRunning(pid!));
});

test("what the taker of a picture throws ends the task, not the decoder", async () => {
  const pool = poolFor({ size: 1 });
  const { codec, frames } = small;
  const { queue } = framesToQueue(frames, 0, [0, 5], codec, BITSTREAMS.h264);
  const failing = pool.decode("h264", queue, () => Promise.reject(new Error("no room")));
  await assert.rejects(failing, { message: "no room" });
  const [pid] = pool.pids;
  assert.deepEqual(await shown(pool, small, [5]), presented(small, [5]));
  assert.equal(pool.pids[0], pid);
});

test("a decoder that has not taken all frames of a task that failed takes none of them later", async () => {
  const pool = poolFor({ size: 1 });
  const { queue } = framesToQueue(small.frames, 0, [0, 1], small.codec, BITSTREAMS.h264);
  // Behind the first picture comes more than a pipe holds.
  const { pieces, ...last } = queue.at(-1)!;
  const long = { ...last, isWanted: false, pieces: [...pieces, Buffer.alloc(4 * 2 ** 20, 0xff)] };
  const frames = [...queue, ...Array.from({ length: 30 }, () => long)];
  const failing = pool.decode("h264", frames, () => Promise.reject(new Error("no room")));
  await assert.rejects(failing, { message: "no room" });
  assert.deepEqual(pool.pids, []);
  assert.deepEqual(await shown(pool, small, [3]), presented(small, [3]));
});

test("a decoder serves the next task while the picture of the last is taken", async () => {
  const pool = poolFor({ size: 1 });
  const { queue } = framesToQueue(small.frames, 0, [5], small.codec, BITSTREAMS.h264);
  let next: [number, number][] = [];
  await pool.decode("h264", queue, async () => {
    next = await shown(pool, small, [9]);
  });
  assert.deepEqual(next, presented(small, [9]));
});

test("what the taker throws once the decoder has done with the task fails the task", async () => {
  const pool = poolFor({ size: 1 });
  const { queue } = framesToQueue(small.frames, 0, [5], small.codec, BITSTREAMS.h264);
  const failing = pool.decode("h264", queue, async () => {
    await shades(pool, small, [9]);
    throw new Error("no room");
  });
  await assert.rejects(failing, { message: "no room" });
});

test("pictures come no faster than they are taken", async () => {
  const pool = poolFor({ size: 1 });
  let pending = 0;
  let most = 0;
  const { queue } = framesToQueue(large.frames, 0, [...large.frames.keys()], large.codec, BITSTREAMS.h264);
  await pool.decode("h264", queue, async () => {
    most = Math.max(most, ++pending);
    await delay(5);
    pending--;
  });
  assert.equal(pending, 0);
  assert.ok(most <= 2, `${most} at a time`);
});

// Frames are counted in the order of decoding; all others of a group follow from its first. Of H.265 nothing is concealed within a picture.
for (const [what, frames, codec] of [
  ["H.264", [0, 5], ["-c:v", "libx264", "-bf", "0"]],
  ["H.264 with B-frames", [0, 5], ["-c:v", "libx264", "-bf", "2"]],
  ["H.265", [5], ["-c:v", "libx265", "-x265-params", "log-level=error"]],
] as const) {
  test(`a damaged frame of ${what} costs no other its picture, and is concealed`, async () => {
    const pool = poolFor({ size: 1 });
    const noisy = await videoOf({ seconds: 2, size: "320x180", codec: ["-vf", "noise=alls=60:allf=t", ...codec] });
    const wanted = [...noisy.frames.keys()];
    const { queue } = framesToQueue(noisy.frames, 0, wanted, noisy.codec, BITSTREAMS[noisy.codec.name]);
    const sound = await meansOf(pool, noisy, queue);
    for (const damaged of frames) {
      const spoiltQueue = queue.map((frame, at) =>
        at === damaged ? { ...frame, pieces: spoilt(frame.pieces) } : frame,
      );
      const means = await meansOf(pool, noisy, spoiltQueue);
      assert.deepEqual([...means.keys()].sort(), [...sound.keys()].sort());
      for (const [rank, mean] of means) {
        const off = Math.abs(mean - sound.get(rank)!);
        assert.ok(off < MOST_OFF, `picture ${rank} is off by ${off} with frame ${damaged} damaged`);
      }
    }
  });
}

test("what is concealed leaves no trace in the pictures of the stream behind it", async () => {
  const pool = poolFor({ size: 1 });
  const video = await videoOf({ seconds: 2, size: "320x180", codec: ["-c:v", "libx264", "-bf", "0"] });
  const wanted = [...video.frames.keys()];
  const { queue } = framesToQueue(video.frames, 0, wanted, video.codec, BITSTREAMS[video.codec.name]);
  const sound = await digestsOf(pool, video, queue);
  const [decoder] = pool.pids;
  assert.deepEqual(await digestsOf(pool, video, queue), sound);
  assert.deepEqual(pool.pids, [decoder], "a sound stream keeps its decoder");
  await meansOf(
    pool,
    video,
    queue.map((frame) => ({ ...frame, pieces: spoilt(frame.pieces) })),
  );
  assert.deepEqual(await digestsOf(pool, video, queue), sound);
  assert.notDeepEqual(pool.pids, [decoder]);
});

test("a new decoder begins with the key frame of an open group", async () => {
  const open = ["-c:v", "libx264", "-bf", "3", "-g", "10", "-x264-params", "open-gop=1:scenecut=0"];
  const video = await videoOf({ seconds: 3, codec: open });
  const begin = video.frames.findLastIndex(({ keyframe }) => keyframe);
  assert.ok(begin > 0);
  const group = { ...video, frames: video.frames.slice(begin) };
  assert.deepEqual(await shown(poolFor(), group, [0]), presented(group, [0]));
});

/** A digest of each picture, by rank. */
async function digestsOf(
  pool: DecoderPool,
  { codec }: Video,
  queue: readonly QueuedFrame[],
): Promise<Map<number, string>> {
  const digests = new Map<number, string>();
  await pool.decode(codec.name, queue, async (rank, picture) => {
    digests.set(rank, hash("sha256", picture));
  });
  return digests;
}

/** Steps of 255 by which a picture may be lighter or darker than it should be for being concealed; grey instead of black is off by 128. */
const MOST_OFF = 40;

/** The mean of all samples of each picture, by rank. */
async function meansOf(
  pool: DecoderPool,
  { codec }: Video,
  queue: readonly QueuedFrame[],
): Promise<Map<number, number>> {
  const means = new Map<number, number>();
  await pool.decode(codec.name, queue, async (rank, picture) => {
    let sum = 0;
    for (const sample of picture) sum += sample;
    means.set(rank, sum / picture.length);
  });
  return means;
}

/** Ends a frame in the middle of its slice, behind which nothing comes. */
function spoilt(pieces: readonly Uint8Array[]): Uint8Array[] {
  return pieces.map((piece, at) => (at === pieces.length - 1 ? piece.slice(0, piece.length / 2) : piece));
}

test("where a stream does not say how far frames are reordered, none is lost", async () => {
  const pool = poolFor({ size: 1 });
  const main = await videoOf({ seconds: 2, codec: ["-c:v", "libx264", "-profile:v", "main", "-bf", "3"] });
  const wanted = [...main.frames.keys()];
  const { queue, indexOf } = framesToQueue(main.frames, 0, wanted, main.codec, BITSTREAMS.h264);
  const [sps] = parameterSets(main.codec);
  const mute = queue.map((frame) => ({
    ...frame,
    pieces: frame.pieces.map((piece) => (Buffer.compare(piece, sps!) === 0 ? withoutUsability(piece) : piece)),
  }));
  const found: number[] = [];
  await pool.decode("h264", mute, async (rank) => void found.push(indexOf.get(rank)!));
  assert.deepEqual(
    found.sort((a, b) => a - b),
    wanted,
  );
});

/** A sequence parameter set of Main profile without its usability information (ITU-T H.264, section 7.3.2.1.1). */
function withoutUsability(sps: Uint8Array): Uint8Array {
  const bits = [...sps].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  let at = 32;
  const golomb = (): number => {
    const zeros = bits.indexOf("1", at) - at;
    const value = Number.parseInt(bits.slice(at + zeros, at + 2 * zeros + 1), 2) - 1;
    at += 2 * zeros + 1;
    return value;
  };
  golomb(); // seq_parameter_set_id
  golomb(); // log2_max_frame_num_minus4
  assert.equal(golomb(), 0, "pic_order_cnt_type");
  golomb(); // log2_max_pic_order_cnt_lsb_minus4
  golomb(); // max_num_ref_frames
  at++; // gaps_in_frame_num_value_allowed_flag
  golomb(); // pic_width_in_mbs_minus1
  golomb(); // pic_height_in_map_units_minus1
  at += 2; // frame_mbs_only_flag, direct_8x8_inference_flag
  if (bits[at++] === "1") for (let side = 0; side < 4; side++) golomb();
  const left = `${bits.slice(0, at)}01`;
  const bytes = left.padEnd(Math.ceil(left.length / 8) * 8, "0").match(/.{8}/g)!;
  return Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 2));
}
