import assert from "node:assert/strict";
import { test } from "node:test";
import { ListStreamsCommand, type ListStreamsInput, paginateListStreams } from "@aws-sdk/client-kinesis-video";
import { ControlPlane, refused } from "./support/control-plane.ts";

const plane = await ControlPlane.start();
const cameras = Array.from({ length: 25 }, (_, i) => `camera-${String(i).padStart(3, "0")}`);
const all = ["Another", ...cameras, "door_1", "door_2"];

await Promise.all(all.map((name) => plane.create(name, { DataRetentionInHours: 1, DeviceName: "d" })));

const beginsWith = (ComparisonValue: string): ListStreamsInput => ({
  StreamNameCondition: { ComparisonOperator: "BEGINS_WITH", ComparisonValue },
});

async function namesOf(input: ListStreamsInput, pageSize: number): Promise<string[][]> {
  const pages: string[][] = [];
  for await (const page of paginateListStreams({ client: plane.client, pageSize }, input)) {
    pages.push(page.StreamInfoList!.map(({ StreamName }) => StreamName!));
  }
  return pages;
}

test("all streams are listed in order of name, as DescribeStream shows them", async () => {
  const { StreamInfoList, NextToken } = await plane.client.send(new ListStreamsCommand({}));
  assert.equal(NextToken, undefined);
  assert.deepEqual(
    StreamInfoList!.map(({ StreamName }) => StreamName),
    all,
  );
  assert.deepEqual(StreamInfoList![1], await plane.describe(cameras[0]!));
});

test("a name condition lists the streams whose name begins so", async () => {
  const list = async (prefix: string) => (await namesOf(beginsWith(prefix), 100)).flat();
  assert.deepEqual(await list("camera-"), cameras);
  assert.deepEqual(await list("camera-01"), cameras.slice(10, 20));
  assert.deepEqual(await list("door_2"), ["door_2"]);
  assert.deepEqual(await list("CAMERA"), []);
  assert.deepEqual(await list("."), []);
});

test("the official paginator goes through pages of any size", async () => {
  assert.deepEqual(
    (await namesOf({}, 10)).map((page) => page.length),
    [10, 10, 8],
  );
  assert.deepEqual((await namesOf({}, 1)).flat(), all);
  const pages = await namesOf(beginsWith("camera-"), 5);
  assert.deepEqual(
    pages.map((page) => page.length),
    [5, 5, 5, 5, 5],
  );
  assert.deepEqual(pages.flat(), cameras);
});

test("a token is opaque, within the characters of the API, and of one query only", async () => {
  const { NextToken } = await plane.client.send(new ListStreamsCommand({ ...beginsWith("camera-"), MaxResults: 3 }));
  assert.match(NextToken!, /^[a-zA-Z0-9+/=]{1,1024}$/);
  const elsewhere = new ListStreamsCommand({ ...beginsWith("door"), NextToken });
  await refused(plane.client.send(elsewhere), "InvalidArgumentException", 400, /NextToken/);
});

test("an unknown comparison operator is refused", async () => {
  const StreamNameCondition = { ComparisonOperator: "ENDS_WITH" as "BEGINS_WITH", ComparisonValue: "a" };
  await refused(
    plane.client.send(new ListStreamsCommand({ StreamNameCondition })),
    "InvalidArgumentException",
    400,
    /BEGINS_WITH/,
  );
});
