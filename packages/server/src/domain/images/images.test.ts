import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { InProcessServer, TestSession } from "../../../../../tests/support/in-process.ts";
import { frameShown, shadedVideo } from "../../../../../tests/support/shaded-video.ts";
import { RecordDamaged, RecordUnavailable } from "../../storage/ports/journal.ts";
import { FragmentArchive } from "../fragments/archive.ts";
import { type FragmentPointLimits, FragmentPoints, GENEROUS_POINT_LIMITS } from "../fragments/fragment-points.ts";
import type { Stream } from "../streams/stream.ts";
import { DecoderPool } from "./decoder-pool.ts";
import type { ImageRequest } from "./image-request.ts";
import { type ImagePage, Images } from "./images.ts";

const SECONDS = 4;
const START = Date.now() - 600_000;

const server = new InProcessServer();
const decoders = new DecoderPool({ ffmpeg: "ffmpeg", size: 1 });
let stream: Stream;

before(async () => {
  stream = await server.create("porch");
  const session = await TestSession.open(server, stream, { type: "RELATIVE", start: START });
  await session.put(await shadedVideo({ seconds: SECONDS }));
});
after(async () => {
  await decoders.close();
  await server.close();
});

function imagesWith(options: Partial<FragmentPointLimits & { maxPageBytes: number }> = {}, pool = decoders): Images {
  const { index, journal, keys, metrics } = server;
  const archive = new FragmentArchive({ index, journal, keys });
  const { maxPageBytes, ...limits } = options;
  const points = new FragmentPoints({ ...GENEROUS_POINT_LIMITS, ...limits });
  const parts = { index, archive, decoders: pool, points, metrics, report: assert.ifError };
  return new Images({ ...parts, concurrency: 1, ...(maxPageBytes !== undefined && { maxPageBytes }) });
}

const REQUEST: ImageRequest = {
  ...{ clock: "producerTimestamp", from: START, to: START + 3900, intervalMs: 1000 },
  ...{ type: "jpeg", quality: 80, width: undefined, height: undefined },
};

function page(
  images: Images,
  request: Partial<ImageRequest> = {},
  signal = new AbortController().signal,
): Promise<ImagePage> {
  return images.page(stream, { ...REQUEST, ...request }, { token: undefined, limit: 100 }, signal);
}

test("requests are counted, those that succeed as well, and how long they take", async () => {
  const counters = server.metrics.of(stream.name).getImages;
  const images = imagesWith();
  const { images: made } = await page(images);
  assert.deepEqual(await Promise.all(made.map(({ outcome }) => frameShown(outcome as Buffer))), [0, 10, 20, 30]);
  await assert.rejects(page(images, { to: START - 1 }), { code: "invalid-argument" });
  assert.deepEqual([counters.requests, counters.success, counters.latency.count], [2, 1, 1]);
});

test("a page that has grown large ends before its time, and its token goes on from there", async () => {
  const images = imagesWith({ maxPageBytes: 1000 });
  const dense: ImageRequest = { ...REQUEST, intervalMs: 300 };
  const timestamps: number[] = [];
  const sizes: number[] = [];
  for (let token: string | undefined, isLast = false; !isLast; isLast = token === undefined) {
    const { signal } = new AbortController();
    const got = await images.page(stream, dense, { token, limit: 100 }, signal);
    timestamps.push(...got.images.map(({ timestamp }) => timestamp - START));
    sizes.push(got.images.length);
    token = got.token;
  }
  const expected = Array.from({ length: 14 }, (_, i) => i * 300);
  assert.deepEqual(timestamps, expected);
  assert.ok(sizes.length > 2, `pages of ${sizes}`);
});

/** A pool whose first task begins when so many others have been asked for. */
class HeldPool extends DecoderPool {
  readonly #others: number;
  readonly #asked = Promise.withResolvers<void>();
  #tasks = 0;

  constructor(others: number) {
    super({ ffmpeg: "ffmpeg", size: 1 });
    this.#others = others;
  }

  override async decode(...task: Parameters<DecoderPool["decode"]>): Promise<void> {
    const place = this.#tasks++;
    if (place === this.#others) this.#asked.resolve();
    if (place === 0) await this.#asked.promise;
    return super.decode(...task);
  }
}

test("a fragment whose images take long keeps no other waiting, and images are in order all the same", async () => {
  const long = await server.create("long");
  const session = await TestSession.open(server, long, { type: "RELATIVE", start: START });
  await session.put(await shadedVideo({ seconds: 10, isCutAnywhere: true }));
  const held = new HeldPool(4);
  const request = { ...REQUEST, to: START + 9900, intervalMs: 2000 };
  const { signal } = new AbortController();
  const made = await imagesWith({}, held).page(long, request, { token: undefined, limit: 100 }, signal);
  await held.close();
  const shades = made.images.map(({ outcome }) => frameShown(outcome as Buffer));
  assert.deepEqual(await Promise.all(shades), [0, 20, 40, 60, 80]);
});

test("nothing is made for a client that has gone away", async () => {
  await assert.rejects(page(imagesWith(), {}, AbortSignal.abort()), { name: "AbortError" });
});

test("images of a stream that is deleted meanwhile say so", async () => {
  const gone = await server.create("gone");
  const session = await TestSession.open(server, gone, { type: "RELATIVE", start: START });
  await session.put(await shadedVideo({ seconds: 1 }));
  await server.streams.delete(gone.arn);
  const { signal } = new AbortController();
  const asked = imagesWith().page(gone, REQUEST, { token: undefined, limit: 100 }, signal);
  await assert.rejects(asked, { code: "stream-not-found" });
});

test("an archive that cannot be opened for now is no fault of the media", async () => {
  const { read } = server.journal;
  server.journal.read = () => {
    throw new RecordUnavailable("no descriptors");
  };
  await assert.rejects(page(imagesWith()), { code: "archive-unavailable" });
  server.journal.read = read;
  assert.ok(Buffer.isBuffer((await page(imagesWith())).images[0]!.outcome));
});

/** An archive where what begins behind `START` is damaged. */
class DamagedArchive extends FragmentArchive {
  override async open(...args: Parameters<FragmentArchive["open"]>): ReturnType<FragmentArchive["open"]> {
    if (args[1].producerTimestamp > START) throw new RecordDamaged("a flipped bit");
    return super.open(...args);
  }
}

test("a fragment that is damaged takes no image from the one before it", async () => {
  const { index, journal, keys, metrics } = server;
  const lane = await server.create("lane");
  for (const start of [START, START + 2000]) {
    const session = await TestSession.open(server, lane, { type: "RELATIVE", start });
    await session.put(await shadedVideo({ seconds: 2 }));
  }
  const archive = new DamagedArchive({ index, journal, keys });
  const told: unknown[] = [];
  const report = (error: unknown): void => void told.push(error);
  const points = new FragmentPoints(GENEROUS_POINT_LIMITS);
  const images = new Images({ index, archive, decoders, points, metrics, report, concurrency: 1 });
  const request = { ...REQUEST, from: START + 1500, to: START + 2600 };
  const { signal } = new AbortController();
  const { images: made } = await images.page(lane, request, { token: undefined, limit: 100 }, signal);
  assert.equal(made[1]!.outcome, "MEDIA_ERROR");
  assert.equal(await frameShown(made[0]!.outcome as Buffer), 15);
  assert.ok(told.length > 0 && told.every((error) => error instanceof RecordDamaged));
});

test("images use up the stream's points for metadata and for media", async ({ mock }) => {
  // Points come back with time, which decoding takes.
  mock.timers.enable({ apis: ["Date"], now: Date.now() });
  for (const [limit, message] of [
    [{ metadataPerSecond: 1 }, /metadata/],
    [{ mediaPerSecond: 1 }, /media/],
  ] as const) {
    const images = imagesWith(limit);
    await page(images);
    await assert.rejects(page(images), { code: "client-limit", message });
  }
});
