import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { output } from "../../../../../tests/support/command-line.ts";
import { NutError, NutReader } from "./nut-reader.ts";

const MAX_FRAME = 1 << 20;

/** Grey pictures, one step lighter each; times as given to ffmpeg. */
const nut = (...args: string[]): Promise<Buffer> =>
  output("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", "color=black:size=16x16:rate=10:duration=2,geq=lum=16+4*N:cb=128:cr=128"],
    ...["-pix_fmt", "rgb24", "-c:v", "rawvideo", ...args, "-f", "nut", "-"],
  ]);

const plain = await nut();

function framesIn(bytes: Buffer, chunk = bytes.length, maxFrameBytes = MAX_FRAME): { time: number; data: Buffer }[] {
  const frames: { time: number; data: Buffer }[] = [];
  const reader = new NutReader((time, data) => frames.push({ time, data }), maxFrameBytes);
  for (let at = 0; at < bytes.length; at += chunk) {
    const fed = Buffer.from(bytes.subarray(at, at + chunk));
    reader.feed(fed);
    // What the reader kept of it would be read as something else from now on.
    fed.fill(0xff);
  }
  return frames;
}

test("frames have their times and bytes", () => {
  const frames = framesIn(plain);
  assert.deepEqual(
    frames.map(({ time }) => Math.round(time * 1000)),
    Array.from({ length: 20 }, (_, i) => i * 100),
  );
  for (const [i, { data }] of frames.entries()) {
    assert.equal(data.length, 16 * 16 * 3);
    assert.ok(Math.abs(data[0]! - (4 * i * 255) / 219) < 2);
  }
});

test("chunks may end anywhere", () => {
  const whole = framesIn(plain);
  for (const chunk of [1, 7, 768, 1000, 4096]) assert.deepEqual(framesIn(plain, chunk), whole);
});

test("times that jump are coded in full, and read so", async () => {
  const frames = framesIn(
    await nut("-vf", "settb=1/1,setpts=N*N*1000+5", "-copyts", "-vsync", "passthrough", "-enc_time_base", "-1"),
  );
  assert.deepEqual(
    frames.map(({ time }) => Math.round(time)),
    Array.from({ length: 20 }, (_, i) => i * i * 1000 + 5),
  );
});

test("a frame beyond the limit is refused before memory is taken for it", () => {
  assert.throws(() => framesIn(plain, plain.length, 767), { name: "NutError", message: /768 bytes, at most 767/ });
});

test("what is no NUT is refused", () => {
  assert.throws(() => framesIn(Buffer.from("RIFF".repeat(16))), NutError);
  assert.throws(() => framesIn(Buffer.concat([plain.subarray(0, 25), Buffer.alloc(100, 0x80)])), NutError);
});

test("times of more bits than there can be are refused", () => {
  const stream = plain.indexOf(Buffer.from("4e5311405bf2f9db", "hex"));
  const damaged = Buffer.from(plain);
  // Behind the startcode: length, stream, class, the format in four bytes with their count, and the time base.
  damaged[stream + 17] = 100;
  assert.throws(() => framesIn(damaged), { name: "NutError", message: "times are coded in 100 bits" });
});

test("damage is an error or other frames, never anything else", () => {
  const overwrite = fc.record({ at: fc.nat(plain.length - 1), value: fc.nat(255) });
  const property = fc.property(
    fc.array(overwrite, { minLength: 1, maxLength: 8 }),
    fc.integer({ min: 1, max: 5000 }),
    (damage, chunk) => {
      const bytes = Buffer.from(plain);
      for (const { at, value } of damage) bytes[at] = value;
      try {
        for (const { time, data } of framesIn(bytes, chunk)) assert.ok(!Number.isNaN(time) && data.length <= MAX_FRAME);
      } catch (error) {
        assert.ok(error instanceof NutError, String(error));
      }
    },
  );
  fc.assert(property, { numRuns: 300 });
});
