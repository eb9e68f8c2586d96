import assert from "node:assert/strict";
import { after, test } from "node:test";
import { UpdateDataRetentionCommand } from "@aws-sdk/client-kinesis-video";
import {
  type Fragment,
  type FragmentSelector,
  type FragmentSelectorType,
  KinesisVideoArchivedMediaClient,
  ListFragmentsCommand,
  type ListFragmentsInput,
  paginateListFragments,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { bodyHeader, fragment } from "../support/matroska-body.ts";
import { PutMediaSocket, type WireAck } from "../support/put-media-socket.ts";
import { CREDENTIALS } from "../support/server.ts";
import { ControlPlane, refused } from "./support/control-plane.ts";

const plane = await ControlPlane.start();
const archive = new KinesisVideoArchivedMediaClient({ ...plane.server.client, maxAttempts: 1 });
after(() => archive.destroy());

const START = 1_700_000_000_123;
const COUNT = 5;
const STEP = 2_000;
const starts = Array.from({ length: COUNT }, (_, i) => START + i * STEP);

/** Sends fragments that begin at `timecodes` and resolves with their acknowledgements of durability. */
async function put(stream: string, timecodes: readonly number[]): Promise<WireAck[]> {
  const producer = new PutMediaSocket({ url: plane.server.url, ...CREDENTIALS, stream });
  producer.write(bodyHeader());
  for (const timecode of timecodes) producer.write(fragment(timecode, 10, 100, STEP));
  producer.end();
  await producer.ack(
    ({ EventType, FragmentTimecode }) => EventType === "PERSISTED" && FragmentTimecode === timecodes.at(-1),
  );
  producer.destroy();
  return producer.acks.filter(({ EventType }) => EventType === "PERSISTED");
}

const StreamName = "archive";
const { StreamARN } = await plane.create(StreamName, { DataRetentionInHours: 24 });
const before = Date.now();
const acks = await put(StreamName, starts);

const selector = (type: FragmentSelectorType, from: number, to: number): FragmentSelector => ({
  FragmentSelectorType: type,
  TimestampRange: { StartTimestamp: new Date(from), EndTimestamp: new Date(to) },
});
const everything = selector("PRODUCER_TIMESTAMP", starts[0]!, starts.at(-1)!);

const list = (input: ListFragmentsInput) => archive.send(new ListFragmentsCommand(input));

async function producerStarts(from: number, to: number): Promise<number[]> {
  const { Fragments } = await list({ StreamName, FragmentSelector: selector("PRODUCER_TIMESTAMP", from, to) });
  return Fragments!.map(({ ProducerTimestamp }) => ProducerTimestamp!.getTime());
}

/** A fragment with all of its members, as the archive lists it. */
type ListedFragment = { [Name in keyof Fragment]-?: NonNullable<Fragment[Name]> };

async function listAll(): Promise<ListedFragment[]> {
  const { Fragments } = await list({ StreamName, FragmentSelector: everything });
  return Fragments as ListedFragment[];
}

test("every acknowledged fragment is listed with its number, times, length and size", async () => {
  const fragments = await listAll();
  assert.deepEqual(
    fragments.map(({ FragmentNumber }) => FragmentNumber),
    acks.map(({ FragmentNumber }) => FragmentNumber),
  );
  for (const [i, each] of fragments.entries()) {
    assert.match(each.FragmentNumber, /^[0-9]{47}$/);
    assert.equal(each.ProducerTimestamp.getTime(), starts[i]);
    assert.ok(each.ServerTimestamp.getTime() >= before && each.ServerTimestamp.getTime() <= Date.now());
    assert.ok(each.FragmentSizeInBytes > 1_000 && each.FragmentSizeInBytes < 10_000);
    assert.ok(each.FragmentLengthInMilliseconds >= 1_800 && each.FragmentLengthInMilliseconds <= STEP);
  }
});

test("producer timestamps select to the millisecond, both ends included", async () => {
  assert.deepEqual(await producerStarts(starts[1]!, starts[3]!), starts.slice(1, 4));
  assert.deepEqual(await producerStarts(starts[1]! + 1, starts[3]! - 1), [starts[2]]);
  assert.deepEqual(await producerStarts(starts[2]!, starts[2]!), [starts[2]]);
  assert.deepEqual(await producerStarts(0, starts[0]! - 1), []);
  assert.deepEqual(await producerStarts(starts.at(-1)! + 1, starts.at(-1)! + 60_000), []);
});

test("server timestamps select to the millisecond, both ends included", async () => {
  const fragments = await listAll();
  const times = fragments.map(({ ServerTimestamp }) => ServerTimestamp.getTime());
  const [first, last] = [times[0]!, times.at(-1)!];
  const numbers = async (from: number, to: number): Promise<(string | undefined)[]> => {
    const { Fragments } = await list({ StreamARN, FragmentSelector: selector("SERVER_TIMESTAMP", from, to) });
    return Fragments!.map(({ FragmentNumber }) => FragmentNumber);
  };
  const expected = fragments.map(({ FragmentNumber }) => FragmentNumber);
  assert.deepEqual(await numbers(first, last), expected);
  assert.deepEqual(await numbers(first - 60_000, first - 1), []);
  assert.deepEqual(await numbers(last + 1, last + 60_000), []);
  assert.deepEqual(
    await numbers(first, first),
    expected.filter((_, i) => times[i] === first),
  );
});

test("pages follow each other without a selector, each fragment once, and the last has no token", async () => {
  const seen: (string | undefined)[] = [];
  const sizes: number[] = [];
  let page = await list({ StreamName, FragmentSelector: everything, MaxResults: 2 });
  for (;;) {
    seen.push(...page.Fragments!.map(({ FragmentNumber }) => FragmentNumber));
    sizes.push(page.Fragments!.length);
    if (page.NextToken === undefined) break;
    assert.match(page.NextToken, /^[a-zA-Z0-9+/]{1,4096}={0,2}$/);
    page = await list({ StreamName, NextToken: page.NextToken, MaxResults: 2 });
  }
  assert.deepEqual(sizes, [2, 2, 1]);
  assert.deepEqual(
    seen,
    acks.map(({ FragmentNumber }) => FragmentNumber),
  );
});

test("the official paginator goes through all pages", async () => {
  const pages: number[] = [];
  const input = { StreamARN, FragmentSelector: everything };
  for await (const page of paginateListFragments({ client: archive, pageSize: 3 }, input)) {
    pages.push(page.Fragments!.length);
  }
  assert.deepEqual(pages, [3, 2]);
});

test("footage that is sent again is listed under new, larger numbers", async () => {
  await plane.create("replayed", { DataRetentionInHours: 1 });
  const first = await put("replayed", starts.slice(0, 3));
  const second = await put("replayed", starts.slice(1, 4));
  const { Fragments } = await list({ StreamName: "replayed", FragmentSelector: everything });
  const numbers = [...first, ...second].map(({ FragmentNumber }) => FragmentNumber);
  assert.deepEqual(
    Fragments!.map(({ FragmentNumber }) => FragmentNumber),
    numbers,
  );
  assert.deepEqual(numbers, numbers.toSorted());
});

test("what retention let go is gone, and an increase does not bring it back", async () => {
  const { Version } = await plane.create("forgetful", { DataRetentionInHours: 1 });
  await put("forgetful", starts);
  const input = { StreamName: "forgetful", FragmentSelector: everything };
  assert.equal((await list(input)).Fragments!.length, COUNT);
  const change = { StreamName: "forgetful", DataRetentionChangeInHours: 1 };
  await plane.client.send(
    new UpdateDataRetentionCommand({ ...change, CurrentVersion: Version, Operation: "DECREASE_DATA_RETENTION" }),
  );
  assert.deepEqual((await list(input)).Fragments, []);
  const { Version: CurrentVersion } = await plane.describe("forgetful");
  await plane.client.send(
    new UpdateDataRetentionCommand({ ...change, CurrentVersion, Operation: "INCREASE_DATA_RETENTION" }),
  );
  assert.deepEqual((await list(input)).Fragments, []);
});

test("a stream that never kept anything lists nothing", async () => {
  await plane.create("transient");
  const { Fragments, NextToken } = await list({ StreamName: "transient", FragmentSelector: everything });
  assert.deepEqual(Fragments, []);
  assert.equal(NextToken, undefined);
});

test("requests that make no sense are refused", async () => {
  const { NextToken } = await list({ StreamName, FragmentSelector: everything, MaxResults: 1 });
  await plane.create("another", { DataRetentionInHours: 1 });
  const invalid: [ListFragmentsInput, RegExp][] = [
    [{ FragmentSelector: everything }, /StreamName or StreamARN/],
    [{ StreamName }, /FragmentSelector/],
    [{ StreamName, FragmentSelector: selector("SERVER_TIMESTAMP", 2_000, 1_000) }, /EndTimestamp/],
    [{ StreamName, FragmentSelector: everything, MaxResults: 0 }, /greater than or equal to 1/],
    [{ StreamName, FragmentSelector: everything, MaxResults: 1_001 }, /less than or equal to 1000/],
    [{ StreamName, FragmentSelector: selector("WALL_CLOCK" as "SERVER_TIMESTAMP", 0, 1) }, /enum value set/],
    [{ StreamName, NextToken: "Zm9yZWlnbg==" }, /NextToken/],
    [{ StreamName: "another", NextToken }, /NextToken/],
  ];
  for (const [input, message] of invalid) await refused(list(input), "InvalidArgumentException", 400, message);
  const unknown = list({ StreamName: "none", FragmentSelector: everything });
  await refused(unknown, "ResourceNotFoundException", 404, /not found/);
});
