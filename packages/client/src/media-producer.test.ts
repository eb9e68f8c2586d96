import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { FakeService, readBody, type SeenFragment, wireAck } from "../test/fake-service.ts";
import { PutMediaError } from "./errors.ts";
import type { Frame } from "./frames.ts";
import { MediaProducer, type MediaProducerOptions } from "./media-producer.ts";

const services: FakeService[] = [];
let service: FakeService;
beforeEach(async () => {
  service = await FakeService.start();
  services.push(service);
});
after(() => Promise.all(services.map((one) => one.stop())));

const TRACKS = [{ number: 1, type: "video" as const, codecId: "V_VP8", video: { pixelWidth: 16, pixelHeight: 16 } }];

const open = (options: Partial<MediaProducerOptions> = {}): Promise<MediaProducer> =>
  MediaProducer.open({ connection: service.connection, stream: { streamName: "porch" }, tracks: TRACKS, ...options });

/** `count` fragments of one second, ten frames each. */
function* frames(count: number, size = 100): Generator<Frame> {
  for (let index = 0; index < count * 10; index++) {
    yield { track: 1, timestamp: index * 100, keyframe: index % 10 === 0, data: new Uint8Array(size).fill(index) };
  }
}

async function writeAll(producer: MediaProducer, all: Iterable<Frame>): Promise<void> {
  for (const frame of all) await producer.write(frame);
  await producer.end();
}

test("frames arrive as fragments that begin with key frames, each ended at once", async () => {
  const seen: SeenFragment[] = [];
  service.putMedia = ({ request, response }) => {
    readBody(request, (fragment) => {
      seen.push(fragment);
      response.write(wireAck("PERSISTED", fragment.timecode));
    });
    request.on("end", () => response.end());
  };
  const producer = await open();
  producer.tag("place", "porch", { persistent: true });
  producer.tag("event", "ring");
  await writeAll(producer, frames(4));
  assert.deepEqual(
    seen.map(({ timecode, blocks, tags }) => [timecode, blocks.length, blocks[0]!.keyframe, tags]),
    [
      [0, 10, true, ["place", "event"]],
      [1000, 10, true, ["place"]],
      [2000, 10, true, ["place"]],
      [3000, 10, true, ["place"]],
    ],
  );
  assert.equal(producer.statistics.fragmentsAcknowledged, 4);
  assert.equal(producer.unacknowledgedBytes, 0);
});

test("what was not acknowledged when a connection broke is sent again, from its beginning", async () => {
  const seen: [connection: number, timecode: number][] = [];
  service.putMedia = ({ request, response, index }) => {
    readBody(request, ({ timecode }) => {
      seen.push([index, timecode]);
      // The first connection promises the first fragment only, and breaks with the third.
      if (index > 0 || timecode === 0) response.write(wireAck("PERSISTED", timecode));
      if (index === 0 && timecode === 2000) response.destroy();
    });
    request.on("error", () => {});
    request.on("end", () => response.end());
  };
  const retries: string[] = [];
  const producer = await open({ onRetry: (error) => retries.push(error.name) });
  await writeAll(producer, frames(5));
  const second = seen.filter(([connection]) => connection === 1).map(([, timecode]) => timecode);
  assert.deepEqual(second, [1000, 2000, 3000, 4000]);
  assert.deepEqual(retries, ["ConnectionClosed"]);
  assert.equal(producer.statistics.connections, 2);
  assert.equal(producer.statistics.fragmentsAcknowledged, 5);
});

test("a fragment that the service refuses is given up, and the rest goes on", async () => {
  const kept: number[] = [];
  service.putMedia = ({ request, response }) => {
    readBody(request, ({ timecode }) => {
      if (timecode === 2000) {
        response.end(wireAck("ERROR", timecode, { ErrorCode: "FRAGMENT_METADATA_LIMIT_REACHED", ErrorId: 4009 }));
        return;
      }
      kept.push(timecode);
      response.write(wireAck("PERSISTED", timecode));
    });
    request.on("error", () => {});
    request.on("end", () => response.end());
  };
  const producer = await open();
  await writeAll(producer, frames(4));
  assert.deepEqual([...new Set(kept)], [0, 1000, 3000]);
  assert.equal(producer.statistics.fragmentsRefused, 1);
  assert.equal(producer.statistics.fragmentsAcknowledged, 3);
});

for (const [what, refuse] of [
  ["an error that no new connection mends", { ErrorCode: "STREAM_NOT_ACTIVE", ErrorId: 4008 }],
  ["a refusal that names no fragment", { ErrorCode: "INVALID_MKV_DATA", ErrorId: 4006 }],
] as const) {
  test(`${what} ends the producer`, async () => {
    service.putMedia = ({ request, response }) => {
      request.resume();
      response.end(wireAck("ERROR", undefined, refuse));
    };
    const producer = await open();
    const isTheRefusal = (error: unknown): boolean =>
      error instanceof PutMediaError && error.ack.errorId === refuse.ErrorId;
    await assert.rejects(writeAll(producer, frames(2)), isTheRefusal);
    assert.throws(() => producer.write({ track: 1, timestamp: 99_000, keyframe: true, data: new Uint8Array(1) }), {
      name: "PutMediaError",
    });
    assert.equal(service.connections, 1);
  });
}

test("a stream without retention is content with RECEIVED", async () => {
  service.retentionHours = 0;
  service.putMedia = ({ request, response }) => {
    readBody(request, ({ timecode }) => response.write(wireAck("RECEIVED", timecode)));
    request.on("end", () => response.end());
  };
  const producer = await open();
  await writeAll(producer, frames(2));
  assert.equal(producer.statistics.fragmentsAcknowledged, 2);
});

test("a service that stays away is given up after the time that was set", async () => {
  service.putMedia = ({ response }) => response.destroy();
  const producer = await open({ giveUpAfterMs: 0 });
  await assert.rejects(writeAll(producer, frames(1)), { name: "ConnectionClosed" });
});

test("an answer that ends before the last promise is a failure, not a success", async () => {
  service.putMedia = ({ request, response }) => {
    request.resume().on("end", () => response.end());
  };
  const producer = await open({ giveUpAfterMs: 0 });
  await assert.rejects(writeAll(producer, frames(1)), /before the last PERSISTED acknowledgement/);
});

test("whoever writes waits while too much is unacknowledged", async () => {
  let persist = (): void => {};
  service.putMedia = ({ request, response }) => {
    const held: number[] = [];
    persist = () => {
      for (const timecode of held.splice(0)) response.write(wireAck("PERSISTED", timecode));
    };
    readBody(request, ({ timecode }) => held.push(timecode));
    request.on("end", () => {
      persist();
      response.end();
    });
  };
  const producer = await open({ bufferBytes: 5000 });
  let room: Promise<void> | undefined;
  let written = 0;
  for (const frame of frames(100, 500)) {
    room = producer.write(frame);
    written++;
    if (room !== undefined) break;
  }
  // One fragment is complete and one is growing: both must fit, and more must not be taken.
  assert.ok(written > 10 && written < 25, `waited after ${written} frames`);
  const timer = setInterval(() => persist(), 5);
  await room;
  clearInterval(timer);
  await producer.end();
});

test("aborting ends the producer with the reason", async () => {
  service.putMedia = ({ request, response }) => {
    response.flushHeaders();
    request.resume().on("error", () => {});
  };
  const producer = await open();
  for (const frame of frames(2)) producer.write(frame);
  producer.abort(new Error("the user has left"));
  await assert.rejects(producer.done, /the user has left/);
});
