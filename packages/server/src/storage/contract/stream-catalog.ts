import assert from "node:assert/strict";
import { test } from "node:test";
import {
  NameTaken,
  type NewStream,
  type StreamCatalog,
  VersionConflict,
  type WrappedKey,
} from "../ports/stream-catalog.ts";

/** A stream as CreateStream would store it. */
export function newStream(name: string, changes: Partial<NewStream> = {}): NewStream {
  return {
    name,
    arn: `arn:aws:kinesisvideo:us-east-1:000000000000:stream/${name}/1795254695186`,
    creationTime: 1_795_254_695_186,
    version: "v1",
    status: "ACTIVE",
    retentionHours: 24,
    storageTier: "HOT",
    tags: {},
    horizon: 0,
    reservedSequence: 10_000,
    ...changes,
  };
}

const wrapped = (text: string): WrappedKey => ({ wrappedBy: "test", bytes: Buffer.from(text) });

/** What every StreamCatalog keeps, as tests. `open` gives an empty catalog. */
export function streamCatalogContract(name: string, open: () => Promise<StreamCatalog>): void {
  const withCatalog = (title: string, body: (catalog: StreamCatalog) => Promise<void>) =>
    test(`${name}: ${title}`, async () => {
      const catalog = await open();
      try {
        await body(catalog);
      } finally {
        await catalog.close();
      }
    });

  withCatalog("a created stream is found by name, ARN and id, members that it lacks left out", async (catalog) => {
    const full = newStream("full", {
      deviceName: "d",
      mediaType: "video/h264",
      kmsKeyId: "k",
      tags: { a: "1", ünï: "✓" },
      imageGeneration: "{}",
      notification: "{}",
    });
    for (const stream of [newStream("bare"), full]) {
      const { id, ...stored } = await catalog.create(stream, wrapped(stream.name));
      assert.deepEqual(stored, stream);
      assert.deepEqual(await catalog.byName(stream.name), { id, ...stream });
      assert.deepEqual(await catalog.byArn(stream.arn), { id, ...stream });
      assert.deepEqual(await catalog.byId(id), { id, ...stream });
      const key = await catalog.wrappedKey(id);
      assert.equal(key?.wrappedBy, "test");
      assert.deepEqual(Buffer.from(key.bytes), Buffer.from(stream.name));
    }
    assert.equal(await catalog.count(), 2);
  });

  withCatalog("what does not exist is undefined", async (catalog) => {
    assert.equal(await catalog.byName("x"), undefined);
    assert.equal(await catalog.byArn("x"), undefined);
    assert.equal(await catalog.byId(1), undefined);
    assert.equal(await catalog.wrappedKey(1), undefined);
    assert.equal(await catalog.update(1, { version: "v2" }), undefined);
    await catalog.delete(1);
  });

  withCatalog("names are unique while their stream exists, ids for ever", async (catalog) => {
    const first = await catalog.create(newStream("one"), wrapped("1"));
    await assert.rejects(catalog.create(newStream("one", { arn: "other" }), wrapped("2")), NameTaken);
    assert.equal(await catalog.count(), 1);
    await catalog.delete(first.id);
    const second = await catalog.create(newStream("one"), wrapped("2"));
    assert.ok(second.id > first.id);
    assert.equal(await catalog.wrappedKey(first.id), undefined);
  });

  withCatalog("of concurrent creates of one name exactly one wins", async (catalog) => {
    const attempts = Array.from({ length: 5 }, (_, i) =>
      catalog.create(newStream("same", { arn: `arn:${i}` }), wrapped("k")),
    );
    const outcomes = await Promise.allSettled(attempts);
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
  });

  withCatalog("update changes, removes, and holds the expected version", async (catalog) => {
    const { id } = await catalog.create(newStream("s", { deviceName: "d" }), wrapped("k"));
    const patch = { version: "v2", deviceName: undefined, tags: { k: "v" }, horizon: 5, reservedSequence: 20_000 };
    const updated = await catalog.update(id, patch, "v1");
    assert.deepEqual(updated, {
      id,
      ...newStream("s", { version: "v2", tags: { k: "v" }, horizon: 5, reservedSequence: 20_000 }),
    });
    assert.deepEqual(await catalog.byId(id), updated);
    await assert.rejects(catalog.update(id, { version: "v3" }, "v1"), VersionConflict);
    assert.deepEqual(await catalog.byId(id), updated);
  });

  withCatalog("list pages by name, within a prefix", async (catalog) => {
    for (const stream of ["b", "a", "cam-2", "cam-1", "cam", "d", "Cam-0"]) {
      await catalog.create(newStream(stream), wrapped(stream));
    }
    const names = async (query: { prefix?: string; after?: string; limit: number }) =>
      (await catalog.list(query)).map((stream) => stream.name);
    assert.deepEqual(await names({ limit: 10 }), ["Cam-0", "a", "b", "cam", "cam-1", "cam-2", "d"]);
    assert.deepEqual(await names({ limit: 2, after: "a" }), ["b", "cam"]);
    assert.deepEqual(await names({ limit: 10, prefix: "cam" }), ["cam", "cam-1", "cam-2"]);
    assert.deepEqual(await names({ limit: 10, prefix: "cam", after: "cam-1" }), ["cam-2"]);
    assert.deepEqual(await names({ limit: 10, prefix: "zz" }), []);
  });
}
