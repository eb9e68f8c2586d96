import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ChunkedResponse } from "./chunked-response.ts";
import { StampScanner, stamp } from "./stamp.ts";
import { httpChunk } from "./wire.ts";

const HEAD = Buffer.from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");

/** A response of one stamped frame a chunk, with the sizes of the frames. */
function response(sizes: readonly number[]): Buffer {
  const frames = sizes.map((size, index) => {
    const frame = Buffer.alloc(size, 7);
    stamp(frame, frame.length, index);
    return httpChunk(frame);
  });
  return Buffer.concat([HEAD, ...frames, Buffer.from("0\r\n\r\n")]);
}

test("every stamp of a response is found once and in order, wherever the network cuts it", () => {
  const sizes = fc.array(fc.integer({ min: 16, max: 100 }), { minLength: 1, maxLength: 20 });
  const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 });
  fc.assert(
    fc.property(sizes, cuts, (frames, steps) => {
      const wire = response(frames);
      const found: number[] = [];
      const scanner = new StampScanner();
      const reader = new ChunkedResponse((bytes) => scanner.feed(bytes, (time) => found.push(time)));
      for (let at = 0, step = 0; at < wire.length; step++) {
        const end = at + steps[step % steps.length]!;
        reader.feed(wire.subarray(at, end));
        at = end;
      }
      assert.equal(reader.status, 200);
      assert.ok(reader.ended);
      assert.deepEqual(
        found,
        frames.map((_, index) => index),
      );
    }),
  );
});

test("a response that is not chunked is refused", () => {
  const reader = new ChunkedResponse(() => undefined);
  assert.throws(() => reader.feed(Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc")), /not chunked/);
});
