import assert from "node:assert/strict";
import { test } from "node:test";
import type { MatroskaPacket } from "@kvass/media";
import fc from "fast-check";
import { packFrames } from "./frames.ts";

/** A frame of a track, so many bytes behind the one before it in the piece; or one that lies elsewhere. */
const placement = fc.record({
  slot: fc.nat({ max: 2 }),
  gap: fc.nat({ max: 20 }),
  size: fc.nat({ max: 60 }),
  elsewhere: fc.boolean(),
});

test("packed frames are those of each track one behind the other, wherever they lay", () => {
  fc.assert(
    fc.property(fc.array(placement, { maxLength: 40 }), fc.nat({ max: 9 }), (placements, offset) => {
      const memory = new Uint8Array(offset + placements.reduce((sum, { gap, size }) => sum + gap + size, 0) + 9);
      for (let i = 0; i < memory.length; i++) memory[i] = (i * 37) & 0xff;
      const piece = memory.subarray(offset, memory.length - 9);
      const frames: MatroskaPacket[][] = [[], [], []];
      let at = 0;
      for (const { slot, gap, size, elsewhere } of placements) {
        at += gap;
        const data = elsewhere ? piece.slice(at, at + size) : piece.subarray(at, at + size);
        frames[slot]!.push({ data } as MatroskaPacket);
        at += size;
      }
      const expected = Buffer.concat(frames.flat().map(({ data }) => Buffer.from(data)));
      const around = [memory.slice(0, offset), memory.slice(-9)];
      assert.deepEqual(Buffer.concat(packFrames(piece, frames)), expected);
      assert.deepEqual([memory.slice(0, offset), memory.slice(-9)], around);
    }),
  );
});

test("frames of a piece become two buffers where no frame lies elsewhere, and the larger one is not copied", () => {
  const piece = new Uint8Array(1000);
  const video = [piece.subarray(10, 400), piece.subarray(450, 900)].map((data) => ({ data }) as MatroskaPacket);
  const audio = [piece.subarray(410, 440), piece.subarray(910, 940)].map((data) => ({ data }) as MatroskaPacket);
  const packed = packFrames(piece, [video, audio]);
  assert.deepEqual(
    packed.map(({ length, buffer }) => [length, buffer === piece.buffer]),
    [
      [840, true],
      [60, false],
    ],
  );
});
