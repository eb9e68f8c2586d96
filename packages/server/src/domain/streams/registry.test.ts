import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { SqliteStreamCatalog } from "../../storage/catalog/sqlite/stream-catalog.ts";
import { CatalogFull } from "../../storage/ports/stream-catalog.ts";
import { DomainError } from "../errors.ts";
import { GENEROUS_STREAM_LIMITS } from "./limits.ts";
import { type StreamKeys, StreamRegistry, type StreamRequest } from "./registry.ts";

const HOUR = 3_600_000;
const START = 1_551_924_009_774;

class Keys implements StreamKeys {
  readonly created: string[] = [];
  readonly forgotten: number[] = [];

  async create(context: string): Promise<{ wrappedBy: string; bytes: Uint8Array }> {
    this.created.push(context);
    return { wrappedBy: "test", bytes: new Uint8Array(60) };
  }

  forget(streamId: number): void {
    this.forgotten.push(streamId);
  }
}

class Fixture {
  readonly catalog = new SqliteStreamCatalog(":memory:");
  readonly keys = new Keys();
  now = START;
  registry = this.reopen();

  /** What a restart of the server sees of the same catalog. */
  reopen(streams = GENEROUS_STREAM_LIMITS.streams): StreamRegistry {
    this.registry = new StreamRegistry({
      catalog: this.catalog,
      keys: this.keys,
      now: () => this.now,
      region: "us-east-1",
      accountId: "123456789012",
      limits: { streams },
    });
    return this.registry;
  }
}

const request = (name: string, more: Partial<StreamRequest> = {}): StreamRequest => ({
  name,
  retentionHours: 24,
  storageTier: "HOT",
  tags: {},
  ...more,
});

const refused = (promise: Promise<unknown>, code: string): Promise<void> =>
  assert.rejects(promise, (error) => error instanceof DomainError && error.code === code);

test("where the disk is full, changes say so and nothing of them is done", async () => {
  const { registry, catalog } = new Fixture();
  const stream = await registry.create(request("gate"));
  const rejected = () => Promise.reject(new CatalogFull("full"));
  const mocks = (["create", "update", "delete"] as const).map((method) => mock.method(catalog, method, rejected));
  await refused(registry.create(request("other")), "storage-full");
  await refused(stream.tag({ site: "north" }), "storage-full");
  await refused(stream.changeRetention(stream.record.version, 1), "storage-full");
  await refused(registry.delete(stream.arn), "storage-full");
  for (const { mock: each } of mocks) each.restore();
  const again = await registry.find({ name: "gate" });
  assert.deepEqual([again.record.tags, again.record.retentionHours], [{}, 24]);
  await refused(registry.find({ name: "other" }), "stream-not-found");
});

test("a new stream is active, with its ARN made of the moment, and its key bound to it", async () => {
  const { registry, keys } = new Fixture();
  const stream = await registry.create(request("gate", { deviceName: "cam", tags: { site: "north" } }));
  const { id, version, ...record } = stream.record;
  assert.match(version, /^[a-zA-Z0-9]{20}$/);
  assert.equal(stream.id, id);
  assert.deepEqual(record, {
    name: "gate",
    arn: `arn:aws:kinesisvideo:us-east-1:123456789012:stream/gate/${START}`,
    creationTime: START,
    status: "ACTIVE",
    deviceName: "cam",
    retentionHours: 24,
    storageTier: "HOT",
    tags: { site: "north" },
    horizon: 0,
    reservedSequence: 10_001,
  });
  assert.deepEqual(keys.created, [stream.arn]);
});

test("of simultaneous creations of one name one wins", async () => {
  const { registry } = new Fixture();
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => registry.create(request("gate"))));
  const failures = results.filter((result) => result.status === "rejected");
  assert.equal(failures.length, 7);
  for (const { reason } of failures) assert.equal((reason as DomainError).code, "stream-exists");
});

test("the number of streams is limited, for simultaneous creations too", async () => {
  const fixture = new Fixture();
  const registry = fixture.reopen(2);
  const results = await Promise.allSettled(["a", "b", "c", "d"].map((name) => registry.create(request(name))));
  assert.ok(results.filter(({ status }) => status === "fulfilled").length <= 2);
  for (const name of ["e", "f"]) await registry.create(request(name)).catch(() => undefined);
  assert.equal(await fixture.catalog.count(), 2);
  await refused(registry.create(request("g")), "stream-limit");
  const [first] = await fixture.catalog.list({ limit: 1 });
  await registry.delete(first!.arn);
  await registry.create(request("h"));
});

test("a stream is found by name, by ARN, and by both where they agree", async () => {
  const { registry } = new Fixture();
  const stream = await registry.create(request("gate"));
  const other = await registry.create(request("door"));
  assert.equal(await registry.find({ name: "gate" }), stream);
  assert.equal(await registry.find({ arn: stream.arn }), stream);
  assert.equal(await registry.find({ name: "gate", arn: stream.arn }), stream);
  await refused(registry.find({}), "invalid-argument");
  await refused(registry.find({ name: "gate", arn: other.arn }), "invalid-argument");
  await refused(registry.find({ name: "none", arn: other.arn }), "invalid-argument");
  await refused(registry.find({ name: "none" }), "stream-not-found");
});

test("an ARN of another account, region, kind or creation time names no stream", async () => {
  const { registry } = new Fixture();
  const { arn } = await registry.create(request("gate"));
  for (const wrong of [
    arn.replace("123456789012", "210987654321"),
    arn.replace("us-east-1", "eu-west-1"),
    arn.replace("stream/", "channel/"),
    arn.replace(String(START), String(START + 1)),
  ]) {
    await refused(registry.find({ arn: wrong }), "stream-not-found");
  }
  await refused(registry.find({ name: "gate", arn: arn.replace(String(START), "1") }), "stream-not-found");
});

test("simultaneous lookups after a restart get one and the same stream", async () => {
  const fixture = new Fixture();
  const { arn } = await fixture.registry.create(request("gate"));
  const registry = fixture.reopen();
  const found = await Promise.all([registry.find({ name: "gate" }), registry.find({ arn }), registry.find({ arn })]);
  assert.equal(new Set(found).size, 1);
  assert.equal(found[0]!.arn, arn);
});

test("sequences ascend across a restart", async () => {
  const fixture = new Fixture();
  const before = await (await fixture.registry.create(request("gate"))).beginConnection();
  assert.equal(before.next(), 1);
  const after = await (await fixture.reopen().find({ name: "gate" })).beginConnection();
  assert.equal(after.next(), 10_001);
  assert.equal((await fixture.catalog.byName("gate"))!.reservedSequence, 20_001);
});

test("of simultaneous updates with one version exactly one wins", async () => {
  const { registry } = new Fixture();
  const stream = await registry.create(request("gate"));
  const { version } = stream.record;
  const results = await Promise.allSettled([
    stream.update(version, { deviceName: "a" }),
    stream.changeRetention(version, 1),
    stream.setStorageTier(version, "WARM"),
    stream.update(version, { deviceName: "b" }),
  ]);
  assert.deepEqual(
    results.map((result) => (result.status === "rejected" ? (result.reason as DomainError).code : "won")),
    ["won", "version-mismatch", "version-mismatch", "version-mismatch"],
  );
  assert.notEqual(stream.record.version, version);
  assert.equal(stream.record.deviceName, "a");
});

test("a version that the catalog no longer has is stale too", async () => {
  const { registry, catalog } = new Fixture();
  const stream = await registry.create(request("gate"));
  await catalog.update(stream.id, { version: "elsewhere" });
  await refused(stream.update(stream.record.version, { mediaType: "video/h264" }), "version-mismatch");
});

test("updates leave out what they do not name, and survive a restart", async () => {
  const fixture = new Fixture();
  const stream = await fixture.registry.create(request("gate", { deviceName: "cam", mediaType: "video/h264" }));
  await stream.update(stream.record.version, { mediaType: "video/h265" });
  await stream.setStorageTier(stream.record.version, "WARM");
  const { deviceName, mediaType, storageTier, version } = (await fixture.reopen().find({ name: "gate" })).record;
  assert.deepEqual([deviceName, mediaType, storageTier], ["cam", "video/h265", "WARM"]);
  assert.equal(version, stream.record.version);
});

test("simultaneous tag changes all count, and leave the version alone", async () => {
  const { registry } = new Fixture();
  const stream = await registry.create(request("gate", { tags: { old: "1" } }));
  const { version } = stream.record;
  await Promise.all([stream.tag({ a: "1" }), stream.tag({ b: "2" }), stream.untag(["old"]), stream.tag({ a: "3" })]);
  assert.deepEqual(stream.record.tags, { a: "3", b: "2" });
  assert.equal(stream.record.version, version);
  const many = Object.fromEntries(Array.from({ length: 49 }, (_, i) => [`k${i}`, "v"]));
  await refused(stream.tag(many), "tags-limit");
  assert.deepEqual(stream.record.tags, { a: "3", b: "2" });
});

test("retention moves within its bounds, and a decrease moves the horizon for good", async () => {
  const fixture = new Fixture();
  const stream = await fixture.registry.create(request("gate", { retentionHours: 10 }));
  fixture.now += 100 * HOUR;
  assert.equal(stream.horizon(), fixture.now - 10 * HOUR);
  await refused(stream.changeRetention(stream.record.version, -11), "invalid-argument");
  await refused(stream.changeRetention(stream.record.version, 87_591), "invalid-argument");
  await stream.changeRetention(stream.record.version, -8);
  const horizon = fixture.now - 2 * HOUR;
  assert.equal(stream.horizon(), horizon);
  await stream.changeRetention(stream.record.version, 98);
  assert.equal(stream.horizon(), horizon);
  assert.equal((await fixture.reopen().find({ name: "gate" })).horizon(), horizon);
  assert.equal(stream.record.retentionHours, 100);
});

test("a stream of retention 0 archives nothing", async () => {
  const { registry } = new Fixture();
  const stream = await registry.create(request("gate", { retentionHours: 0 }));
  assert.equal(stream.archives, false);
  assert.ok(stream.horizon() > START * 2);
});

test("image generation and notifications need retention to be set, not to be removed", async () => {
  const { registry } = new Fixture();
  const stream = await registry.create(request("gate", { retentionHours: 1 }));
  const { version } = stream.record;
  await stream.setImageGeneration('{"Status":"ENABLED"}');
  await stream.setNotification('{"Status":"DISABLED"}');
  assert.equal(stream.record.imageGeneration, '{"Status":"ENABLED"}');
  assert.equal(stream.record.notification, '{"Status":"DISABLED"}');
  assert.equal(stream.record.version, version);
  await stream.changeRetention(version, -1);
  await refused(stream.setImageGeneration("{}"), "no-data-retention");
  await refused(stream.setNotification("{}"), "no-data-retention");
  await stream.setImageGeneration(undefined);
  await stream.setNotification(undefined);
  assert.ok(!("imageGeneration" in stream.record) && !("notification" in stream.record));
});

test("deletion ends readers and writers, and destroys the key in memory and in the catalog", async () => {
  const { registry, catalog, keys } = new Fixture();
  const stream = await registry.create(request("gate"));
  await refused(registry.delete(stream.arn, "stale"), "version-mismatch");
  assert.equal(stream.signal.aborted, false);
  await registry.delete(stream.arn, stream.record.version);
  assert.equal(stream.signal.aborted, true);
  assert.deepEqual(keys.forgotten, [stream.id]);
  assert.equal(await catalog.wrappedKey(stream.id), undefined);
  await refused(registry.find({ name: "gate" }), "stream-not-found");
  await refused(registry.delete(stream.arn), "stream-not-found");
  await refused(stream.tag({ a: "1" }), "stream-not-found");
  await refused(stream.update(stream.record.version, {}), "stream-not-found");
});

test("of simultaneous deletions one wins", async () => {
  const { registry } = new Fixture();
  const { arn } = await registry.create(request("gate"));
  const results = await Promise.allSettled([registry.delete(arn), registry.delete(arn), registry.delete(arn)]);
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
});

test("a stream of a deleted one's name is another stream, even within the same millisecond", async () => {
  const { registry } = new Fixture();
  const old = await registry.create(request("gate"));
  await registry.delete(old.arn);
  const stream = await registry.create(request("gate"));
  assert.notEqual(stream.arn, old.arn);
  assert.notEqual(stream.id, old.id);
  assert.equal((await stream.beginConnection()).next(), 1);
  await refused(registry.find({ arn: old.arn }), "stream-not-found");
});

test("where the catalog cannot delete, the stream is there again", async () => {
  const { registry, catalog } = new Fixture();
  const stream = await registry.create(request("gate"));
  (await stream.beginConnection()).next();
  const destroy = catalog.delete.bind(catalog);
  catalog.delete = async () => {
    throw new Error("disk failed");
  };
  await assert.rejects(registry.delete(stream.arn), /disk failed/);
  catalog.delete = destroy;
  const again = await registry.find({ arn: stream.arn });
  assert.notEqual(again, stream);
  assert.equal((await again.beginConnection()).next(), 10_001);
  await registry.delete(stream.arn);
});

test("pages of a list go through all streams of a prefix in order of name", async () => {
  const { registry } = new Fixture();
  const names = Array.from({ length: 23 }, (_, i) => `cam-${String(i).padStart(2, "0")}`);
  for (const name of [...names, "other", "a"].reverse()) await registry.create(request(name));
  const listed: string[] = [];
  const sizes: number[] = [];
  for (let token: string | undefined, first = true; first || token !== undefined; first = false) {
    const page = await registry.list({ prefix: "cam-", limit: 10, token });
    listed.push(...page.streams.map(({ name }) => name));
    sizes.push(page.streams.length);
    token = page.token;
  }
  assert.deepEqual(listed, names);
  assert.deepEqual(sizes, [10, 10, 3]);
  assert.equal((await registry.list({ limit: 25 })).token, undefined);
  assert.equal((await registry.list({ limit: 24 })).streams.length, 24);
});

test("a token holds for its own query only", async () => {
  const { registry } = new Fixture();
  for (const name of ["a1", "a2", "b1"]) await registry.create(request(name));
  const { token } = await registry.list({ prefix: "a", limit: 1 });
  await refused(registry.list({ prefix: "b", limit: 1, token }), "invalid-argument");
  await refused(registry.list({ limit: 1, token }), "invalid-argument");
  await refused(registry.list({ limit: 1, token: "nonsense" }), "invalid-argument");
});

test("existing streams are those of the catalog and those created since", async () => {
  const fixture = new Fixture();
  const gone = await fixture.registry.create(request("gone"));
  const kept = await fixture.registry.create(request("kept"));
  await fixture.registry.delete(gone.arn);
  const registry = fixture.reopen();
  const exists = await registry.existing();
  const late = await registry.create(request("late"));
  assert.deepEqual([gone.id, kept.id, late.id].map(exists), [false, true, true]);
});

test("a walk through all records sees the changes that were made meanwhile", async () => {
  const { registry } = new Fixture();
  for (const name of ["a", "b"]) await registry.create(request(name, { retentionHours: 0 }));
  const walk = registry.records();
  assert.equal((await walk.next()).value?.name, "a");
  const stream = await registry.find({ name: "b" });
  await stream.changeRetention(stream.record.version, 24);
  assert.equal((await walk.next()).value?.retentionHours, 24);
  assert.equal((await walk.next()).done, true);
});
