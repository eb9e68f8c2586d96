import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ListTagsForResourceCommand,
  ListTagsForStreamCommand,
  TagResourceCommand,
  TagStreamCommand,
  UntagResourceCommand,
  UntagStreamCommand,
} from "@aws-sdk/client-kinesis-video";
import { ControlPlane, refused } from "./support/control-plane.ts";

const plane = await ControlPlane.start();

async function tagsOf(StreamName: string): Promise<Record<string, string>> {
  const { Tags, NextToken } = await plane.client.send(new ListTagsForStreamCommand({ StreamName }));
  assert.equal(NextToken, undefined);
  return Tags!;
}

const numbered = (count: number, prefix = "k"): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, String(i)]));

test("a stream without tags lists none", async () => {
  await plane.create("bare");
  assert.deepEqual(await tagsOf("bare"), {});
});

test("TagStream adds and overwrites, UntagStream removes and ignores what is not there", async () => {
  const { StreamARN, Version } = await plane.create("tagged", { Tags: { site: "north", floor: "1" } });
  await plane.client.send(new TagStreamCommand({ StreamName: "tagged", Tags: { site: "south", note: "" } }));
  assert.deepEqual(await tagsOf("tagged"), { site: "south", floor: "1", note: "" });
  await plane.client.send(new UntagStreamCommand({ StreamARN, TagKeyList: ["floor", "unknown"] }));
  assert.deepEqual(await tagsOf("tagged"), { site: "south", note: "" });
  assert.equal((await plane.describe("tagged")).Version, Version);
});

test("TagResource, UntagResource and ListTagsForResource work on streams, and on the same tags", async () => {
  const { StreamARN: ResourceARN } = await plane.create("resource", { Tags: { a: "1" } });
  const Tags = [
    { Key: "b", Value: "2" },
    { Key: "a", Value: "3" },
  ];
  await plane.client.send(new TagResourceCommand({ ResourceARN, Tags }));
  const listed = await plane.client.send(new ListTagsForResourceCommand({ ResourceARN }));
  assert.deepEqual(listed.Tags, { a: "3", b: "2" });
  assert.deepEqual(await tagsOf("resource"), { a: "3", b: "2" });
  await plane.client.send(new UntagResourceCommand({ ResourceARN, TagKeyList: ["a", "b"] }));
  assert.deepEqual(await tagsOf("resource"), {});
});

test("letters of any script, spaces and the allowed signs are tags", async () => {
  const tags = { "Größe _.:/=+-@": "北 門", ключ: "значение" };
  await plane.create("script", { Tags: tags });
  assert.deepEqual(await tagsOf("script"), tags);
});

test("a stream holds fifty tags and not one more", async () => {
  await plane.create("full", { Tags: numbered(49) });
  const tag = (Tags: Record<string, string>) => plane.client.send(new TagStreamCommand({ StreamName: "full", Tags }));
  await refused(tag({ x: "", y: "" }), "TagsPerResourceExceededLimitException", 400, /50/);
  await tag({ x: "" });
  await tag({ x: "overwritten", k0: "too" });
  await refused(tag({ y: "" }), "TagsPerResourceExceededLimitException", 400, /50/);
  assert.equal(Object.keys(await tagsOf("full")).length, 50);
});

test("simultaneous changes of tags all count", async () => {
  await plane.create("busy");
  await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      plane.client.send(new TagStreamCommand({ StreamName: "busy", Tags: { [`k${i}`]: String(i) } })),
    ),
  );
  assert.deepEqual(await tagsOf("busy"), numbered(20));
});
