import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  clusterHeader,
  concatBytes,
  ebmlHeader,
  infoElement,
  kvsTags,
  segmentHeader,
  simpleBlock,
  type TagPair,
  tags,
  tracksElement,
} from "@kvass/media";
import { FakeService } from "../test/fake-service.ts";
import { getFragments, getMedia, getMediaFrames, readFragments } from "./get-media.ts";

let service: FakeService;
before(async () => {
  service = await FakeService.start();
});
after(() => service.stop());

const stream = { streamName: "porch" };
const HEADER = concatBytes([
  ebmlHeader(),
  segmentHeader(),
  infoElement({ muxingApp: "test", writingApp: "test" }),
  tracksElement([{ number: 1, type: "video", codecId: "V_VP8" }]),
]);

const numberTags = (number: number): TagPair[] => [
  ["AWS_KINESISVIDEO_FRAGMENT_NUMBER", String(number)],
  ["AWS_KINESISVIDEO_SERVER_TIMESTAMP", "1511852109.126"],
  ["AWS_KINESISVIDEO_PRODUCER_TIMESTAMP", "1511852108.007"],
];

const block = (value: number): Uint8Array =>
  simpleBlock({ trackNumber: 1, relativeTimecode: value, keyframe: value === 0 }, Uint8Array.of(value));

const opening = (number: number): Uint8Array =>
  concatBytes([HEADER, kvsTags(numberTags(number)), clusterHeader(5000), block(0)]);

const closing = (number: number): Uint8Array =>
  concatBytes([
    block(40),
    tags([["place", "porch"]]),
    kvsTags([
      ["AWS_KINESISVIDEO_MILLIS_BEHIND_NOW", "12"],
      ["AWS_KINESISVIDEO_CONTINUATION_TOKEN", String(number)],
    ]),
  ]);

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const value of values) collected.push(value);
  return collected;
}

test("fragments come with their frames, tags and times, and the selector goes out", async () => {
  let asked: unknown;
  service.answer = (_path, body, response) => {
    asked = JSON.parse(body);
    response.end(concatBytes([opening(101), closing(101), opening(102), closing(102)]));
  };
  const start = { type: "PRODUCER_TIMESTAMP" as const, timestamp: 1_511_852_108_007 };
  const fragments = await collect(getMedia({ connection: service.connection, stream, start }));
  assert.deepEqual(asked, {
    StreamName: "porch",
    StartSelector: { StartSelectorType: "PRODUCER_TIMESTAMP", StartTimestamp: 1_511_852_108.007 },
  });
  assert.deepEqual(
    fragments.map(({ number, frames }) => [number, frames.map(({ data }) => data[0])]),
    [
      ["101", [0, 40]],
      ["102", [0, 40]],
    ],
  );
  const {
    serverTimestamp,
    producerTimestamp,
    timecode,
    millisBehindNow,
    continuationToken,
    tags: metadata,
  } = fragments[0]!;
  assert.deepEqual(
    { serverTimestamp, producerTimestamp, timecode, millisBehindNow, continuationToken, metadata },
    {
      serverTimestamp: 1_511_852_109_126,
      producerTimestamp: 1_511_852_108_007,
      timecode: 5000,
      millisBehindNow: 12,
      continuationToken: "101",
      metadata: [["place", "porch"]],
    },
  );
});

test("fragments before an error come first, also where all came at once", async () => {
  const error = kvsTags([
    ["AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE", "5000"],
    ["AWS_KINESISVIDEO_EXCEPTION_MESSAGE", "The fragment cannot be read."],
  ]);
  async function* bytes(): AsyncGenerator<Uint8Array, void> {
    yield concatBytes([opening(101), closing(101), opening(102), closing(102), HEADER, error]);
  }
  const numbers: string[] = [];
  await assert.rejects(
    async () => {
      for await (const { number } of readFragments(bytes())) numbers.push(number);
    },
    { name: "MediaError", message: "the service ended the media with error 5000 The fragment cannot be read." },
  );
  assert.deepEqual(numbers, ["101", "102"]);
});

test("timecodes beyond 2^53 come as the nearest number, their frames' times to the microsecond", async () => {
  const info = infoElement({ muxingApp: "test", writingApp: "test", timecodeScaleNs: 100 });
  const track = tracksElement([{ number: 1, type: "video", codecId: "V_VP8" }]);
  const timestamp = Buffer.alloc(8);
  timestamp.writeBigUInt64BE(17_952_546_951_860_001n);
  const cluster = concatBytes([Buffer.from("1f43b675ffe788", "hex"), timestamp, block(0), block(100)]);
  service.answer = (_path, _body, response) => {
    response.end(concatBytes([ebmlHeader(), segmentHeader(), info, track, kvsTags(numberTags(101)), cluster]));
  };
  const start = { type: "NOW" as const };
  const [fragment] = await collect(getMedia({ connection: service.connection, stream, start }));
  assert.equal(fragment!.timecode, 17_952_546_951_860_000);
  const times = fragment!.frames.map(({ timestampUs }) => Math.round(timestampUs));
  assert.deepEqual(times, [1_795_254_695_186_000, 1_795_254_695_186_010]);
});

test("frames come before their fragment ends", async () => {
  let finish = (): void => {};
  service.answer = (_path, _body, response) => {
    response.write(opening(101));
    finish = () => response.end(closing(101));
  };
  const start = { type: "NOW" as const };
  const seen: number[] = [];
  for await (const { frame, fragment } of getMediaFrames({ connection: service.connection, stream, start })) {
    seen.push(frame.data[0]!);
    assert.equal(fragment.number, "101");
    finish();
  }
  assert.deepEqual(seen, [0, 40]);
});

test("an error that the service tells in the media is thrown", async () => {
  service.answer = (_path, _body, response) => {
    const error = kvsTags([
      ["AWS_KINESISVIDEO_FRAGMENT_NUMBER", "103"],
      ["AWS_KINESISVIDEO_ERROR_CODE", "FRAGMENT_NOT_FOUND"],
      ["AWS_KINESISVIDEO_ERROR_ID", "4000"],
    ]);
    response.end(concatBytes([opening(101), closing(101), HEADER, error]));
  };
  const numbers: string[] = [];
  const reading = async (): Promise<void> => {
    const fragments = getFragments({ connection: service.connection, stream, fragments: ["101", "103"] });
    for await (const { number } of fragments) numbers.push(number);
  };
  await assert.rejects(reading, { name: "MediaError", message: /FRAGMENT_NOT_FOUND 4000 at fragment 103/ });
});

test("a refusal, a broken connection and an abort are told apart", async () => {
  const start = { type: "NOW" as const };
  const read = (signal?: AbortSignal) =>
    collect(getMedia({ connection: service.connection, stream, start, ...(signal && { signal }) }));
  service.answer = (_path, _body, response) => {
    response.writeHead(400, { "x-amzn-ErrorType": "ClientLimitExceededException:" }).end('{"Message":"slow down"}');
  };
  await assert.rejects(read(), { name: "ClientLimitExceededException", message: "slow down", retryable: true });
  service.answer = (_path, _body, response) => {
    response.write(opening(101));
    setImmediate(() => response.destroy());
  };
  await assert.rejects(read(), { name: "ConnectionClosed" });
  const controller = new AbortController();
  service.answer = (_path, _body, response) => {
    response.write(opening(101));
    setImmediate(() => controller.abort(new Error("enough")));
  };
  await assert.rejects(read(controller.signal), { message: "enough" });
});
