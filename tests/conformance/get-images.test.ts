import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  GetImagesCommand,
  type GetImagesInput,
  type Image,
  KinesisVideoArchivedMediaClient,
  ListFragmentsCommand,
  paginateGetImages,
} from "@aws-sdk/client-kinesis-video-archived-media";
import sharp from "sharp";
import { walkMatroska } from "../support/matroska-walk.ts";
import {
  frameShown,
  SHADED_RATE,
  SHADED_STEP_MS,
  type ShadedVideo,
  sendBody,
  shadedVideo,
} from "../support/shaded-video.ts";
import { ControlPlane, refused } from "./support/control-plane.ts";

const plane = await ControlPlane.start();
const archive = new KinesisVideoArchivedMediaClient({ ...plane.server.client, maxAttempts: 1 });
after(() => archive.destroy());

const START = Date.now() - 3_600_000;
const SECONDS = 8;

async function record(StreamName: string, video: ShadedVideo): Promise<void> {
  await plane.create(StreamName, { DataRetentionInHours: 24 });
  await sendBody(plane.server.url, StreamName, await shadedVideo(video), START);
}

/** A request for images from `from` to `to`, milliseconds from the start of the recording. */
const request = (StreamName: string, from: number, to: number, more: Partial<GetImagesInput> = {}): GetImagesInput => ({
  StreamName,
  ImageSelectorType: "PRODUCER_TIMESTAMP",
  StartTimestamp: new Date(START + from),
  EndTimestamp: new Date(START + to),
  SamplingInterval: 1000,
  Format: "JPEG",
  ...more,
});

const getImages = async (input: GetImagesInput): Promise<Image[]> =>
  (await archive.send(new GetImagesCommand(input))).Images ?? [];

const bytesOf = ({ ImageContent, Error: why }: Image): Buffer => {
  assert.ok(ImageContent, why);
  return Buffer.from(ImageContent, "base64");
};

/** Holds that each image shows the frame that was on the screen at its moment. */
async function assertRightFrames(images: readonly Image[], count: number): Promise<void> {
  assert.equal(images.length, count);
  for (const image of images) {
    const offset = image.TimeStamp!.getTime() - START;
    assert.equal(await frameShown(bytesOf(image)), Math.floor(offset / SHADED_STEP_MS), `at ${offset} ms`);
  }
}

await record("plain", { seconds: SECONDS });

for (const [name, video] of Object.entries({
  "H.264 with fragments that no key frame begins": { seconds: SECONDS, isCutAnywhere: true },
  "H.264 with open groups of pictures": {
    seconds: SECONDS,
    codec: ["-c:v", "libx264", "-bf", "3", "-x264-params", "open-gop=1:scenecut=0"],
  },
  "H.265": { seconds: SECONDS, codec: ["-c:v", "libx265", "-x265-params", "log-level=error:open-gop=0"] },
  AV1: { seconds: 4, codec: ["-c:v", "libsvtav1", "-preset", "12", "-crf", "15"] },
  VP9: { seconds: 4, codec: ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"] },
} satisfies Record<string, ShadedVideo>)) {
  test(`${name}: each image shows the frame of its moment`, async () => {
    const stream = name.replaceAll(/[^\w]/g, "-");
    await record(stream, video);
    const interval = 700;
    const last = (video.seconds - 1) * 1000;
    const images = await getImages(request(stream, 50, last, { SamplingInterval: interval }));
    await assertRightFrames(images, Math.floor((last - 50) / interval) + 1);
  });
}

test("each frame can be had: at its own moment and until the next one", async () => {
  const images = await getImages(request("plain", 1000, 3400, { SamplingInterval: 200 }));
  await assertRightFrames(images, 13);
  await assertRightFrames(await getImages(request("plain", 2899, 2899)), 1);
  await assertRightFrames(await getImages(request("plain", 2900, 2900)), 1);
});

test("JPEG is the format asked for, and its quality shows in its size", async () => {
  const sizes: number[] = [];
  for (const JPEGQuality of ["1", "80", "100"]) {
    const [image] = await getImages(request("plain", 0, 0, { FormatConfig: { JPEGQuality } }));
    const bytes = bytesOf(image!);
    assert.equal((await sharp(bytes).metadata()).format, "jpeg");
    sizes.push(bytes.length);
  }
  const [byDefault] = await getImages(request("plain", 0, 0));
  assert.equal(bytesOf(byDefault!).length, sizes[1]);
  assert.deepEqual(
    sizes,
    sizes.toSorted((a, b) => a - b),
  );
});

test("PNG is without loss", async () => {
  const images = await getImages(request("plain", 0, 3000, { Format: "PNG" }));
  await assertRightFrames(images, 4);
  assert.equal((await sharp(bytesOf(images[0]!)).metadata()).format, "png");
});

test("images have the size asked for, and keep their shape where one side is left open", async () => {
  for (const [more, width, height] of [
    [{}, 160, 90],
    [{ WidthPixels: 100, HeightPixels: 100 }, 100, 100],
    [{ WidthPixels: 320 }, 320, 180],
    [{ HeightPixels: 45 }, 80, 45],
  ] as const) {
    const [image] = await getImages(request("plain", 1000, 1000, more));
    const metadata = await sharp(bytesOf(image!)).metadata();
    assert.deepEqual([metadata.width, metadata.height], [width, height]);
  }
});

test("the server's clock selects as well", async () => {
  const selector = {
    FragmentSelectorType: "PRODUCER_TIMESTAMP" as const,
    TimestampRange: { StartTimestamp: new Date(START), EndTimestamp: new Date(START + 60_000) },
  };
  const listed = await archive.send(new ListFragmentsCommand({ StreamName: "plain", FragmentSelector: selector }));
  const last = listed.Fragments!.at(-1)!;
  const offset = last.ProducerTimestamp!.getTime() - START;
  const at = last.ServerTimestamp!;
  const input = { ImageSelectorType: "SERVER_TIMESTAMP" as const, StartTimestamp: at, EndTimestamp: at };
  const [image] = await getImages({ ...request("plain", 0, 0), ...input });
  assert.equal(image!.TimeStamp!.getTime(), at.getTime());
  assert.equal(await frameShown(bytesOf(image!)), Math.round(offset / SHADED_STEP_MS));
});

test("without an interval there is an image each 3 s; in a range shorter than the interval, one", async () => {
  const every = await getImages(request("plain", 0, 7000, { SamplingInterval: undefined }));
  assert.deepEqual(
    every.map(({ TimeStamp }) => TimeStamp!.getTime() - START),
    [0, 3000, 6000],
  );
  assert.equal((await getImages(request("plain", 500, 900, { SamplingInterval: 60_000 }))).length, 1);
});

test("pages follow each other, at most 25 images each, and the last has no token", async () => {
  const input = request("plain", 0, 7000, { SamplingInterval: 200 });
  const pages: Image[][] = [];
  for await (const { Images } of paginateGetImages({ client: archive, pageSize: 100 }, input)) pages.push(Images!);
  assert.deepEqual(
    pages.map(({ length }) => length),
    [25, 11],
  );
  await assertRightFrames(pages.flat(), 36);
  const small = await archive.send(new GetImagesCommand({ ...input, MaxResults: 2 }));
  assert.equal(small.Images!.length, 2);
  assert.match(small.NextToken!, /^[a-zA-Z0-9+/]{1,4096}={0,2}$/);
});

test("a moment without media says so, and those around it have their images", async () => {
  const images = await getImages(request("plain", -1000, 9000, { SamplingInterval: 2000 }));
  assert.deepEqual(
    images.map(({ Error: why }) => why),
    ["NO_MEDIA", undefined, undefined, undefined, undefined, "NO_MEDIA"],
  );
  assert.equal(images[0]!.ImageContent, undefined);
  const empty = await plane.create("empty", { DataRetentionInHours: 1 });
  assert.deepEqual(
    (await getImages(request(empty.StreamName!, 0, 0))).map(({ Error: why }) => why),
    ["NO_MEDIA"],
  );
});

test("of footage that was sent twice, the newest is shown", async () => {
  await record("twice", { seconds: 4 });
  const negative = ["-c:v", "libx264", "-vf", "negate", "-bf", "0"];
  await sendBody(plane.server.url, "twice", await shadedVideo({ seconds: 4, codec: negative }), START);
  const [image] = await getImages(request("twice", 100, 100));
  assert.ok((await frameShown(bytesOf(image!))) > 90);
});

test("media without a picture is an error of its moment", async () => {
  const sound = ["-f", "lavfi", "-i", "sine=duration=4", "-map", "1:a", "-c:a", "aac"];
  await record("sound", { seconds: 4, codec: [], more: sound });
  const codec = ["-c:v", "libvpx", "-deadline", "realtime"];
  await record("unknown", { seconds: 4, codec });
  for (const stream of ["sound", "unknown"]) {
    const images = await getImages(request(stream, 1000, 2000));
    assert.deepEqual(
      images.map(({ Error: why }) => why),
      ["MEDIA_ERROR", "MEDIA_ERROR"],
    );
  }
});

test("a frame that is damaged costs its own image alone", async () => {
  const body = await shadedVideo({ seconds: 6, codec: ["-c:v", "libx264", "-bf", "0", "-g", "20"] });
  const damaged = damageFrame(body, 2 * SHADED_RATE + 5);
  await plane.create("damaged", { DataRetentionInHours: 1 });
  await sendBody(plane.server.url, "damaged", damaged, START);
  const images = await getImages(request("damaged", 2000, 3000, { SamplingInterval: 500 }));
  assert.deepEqual(
    images.map(({ Error: why }) => why),
    [undefined, "MEDIA_ERROR", undefined],
  );
});

test("requests that make no sense are refused", async () => {
  await plane.create("another", { DataRetentionInHours: 1 });
  await plane.create("transient");
  const paged = request("plain", 0, 7000, { MaxResults: 1 });
  const { NextToken } = await archive.send(new GetImagesCommand(paged));
  const invalid: [GetImagesInput, RegExp][] = [
    [{ ...request("plain", 0, 0), StreamName: undefined }, /StreamName or StreamARN/],
    [request("plain", 1000, 0), /EndTimestamp/],
    [request("plain", 0, 300_001), /300 seconds/],
    [request("plain", 0, 0, { SamplingInterval: 199 }), /greater than or equal to 200/],
    [request("plain", 0, 0, { MaxResults: 101 }), /less than or equal to 100/],
    [request("plain", 0, 0, { WidthPixels: 3841 }), /less than or equal to 3840/],
    [request("plain", 0, 0, { HeightPixels: 0 }), /greater than or equal to 1/],
    [request("plain", 0, 0, { FormatConfig: { JPEGQuality: "101" } }), /JPEGQuality/],
    [request("plain", 0, 0, { FormatConfig: { JPEGQuality: "best" } }), /JPEGQuality/],
    [request("plain", 0, 0, { Format: "PNG", FormatConfig: { JPEGQuality: "80" } }), /JPEG alone/],
    [request("plain", 0, 0, { Format: "GIF" as "PNG" }), /enum value set/],
    [request("plain", 0, 0, { NextToken: "Zm9yZWlnbg==" }), /NextToken/],
    [{ ...paged, StreamName: "another", NextToken }, /NextToken/],
    [{ ...paged, SamplingInterval: 500, NextToken }, /NextToken/],
  ];
  for (const [input, message] of invalid) await refused(getImages(input), "InvalidArgumentException", 400, message);
  await refused(getImages(request("none", 0, 0)), "ResourceNotFoundException", 404, /not found/);
  await refused(getImages(request("transient", 0, 0)), "NoDataRetentionException", 400, /keeps no data/);
});

/** Overwrites most of a frame of a Matroska file, counted in the order of decoding. */
function damageFrame(body: Buffer, frame: number): Buffer {
  const { at, end } = walkMatroska(body)[0]!.blocks[frame]!;
  const damaged = Buffer.from(body);
  // Track number, timecode and flags stay.
  damaged.fill(0xff, at + 4, end);
  return damaged;
}
