import assert from "node:assert/strict";
import {
  type Fragment,
  GetMediaForFragmentListCommand,
  KinesisVideoArchivedMediaClient,
  paginateListFragments,
} from "@aws-sdk/client-kinesis-video-archived-media";
import type { TestServer } from "../support/server.ts";
import { fragmentOf, type StreamLedger } from "./ledger.ts";

/** As many fragments as one call takes without a large answer. */
const BATCH = 200;

async function listAll(client: KinesisVideoArchivedMediaClient, stream: string): Promise<Fragment[]> {
  const fragments: Fragment[] = [];
  const pages = paginateListFragments(
    { client, pageSize: 1000 },
    {
      StreamName: stream,
      FragmentSelector: {
        FragmentSelectorType: "SERVER_TIMESTAMP",
        TimestampRange: { StartTimestamp: new Date(0), EndTimestamp: new Date(Date.now() + 3_600_000) },
      },
    },
  );
  for await (const page of pages) fragments.push(...(page.Fragments ?? []));
  return fragments;
}

const EBML = Buffer.from("1a45dfa3", "hex");

/** The chunks of a media answer, cut where an EBML header begins (the test bodies' frames never contain its four bytes). */
function chunksOf(media: Buffer): Buffer[] {
  const starts: number[] = [];
  for (let at = media.indexOf(EBML); at >= 0; at = media.indexOf(EBML, at + 4)) starts.push(at);
  return starts.map((start, index) => media.subarray(start, starts[index + 1]));
}

/**
 * Every promised fragment is listed, once; every listed fragment is one that was sent; and each is read back byte for byte.
 * `since` limits the reading (not the listing) to fragments received from then on, so that long runs stay linear.
 */
export async function verifyStream(server: TestServer, ledger: StreamLedger, since: number): Promise<number> {
  const client = new KinesisVideoArchivedMediaClient(server.client);
  const listed = await listAll(client, ledger.stream);
  const numbers = new Set(listed.map(({ FragmentNumber }) => FragmentNumber!));
  assert.equal(numbers.size, listed.length, `${ledger.stream}: a fragment is listed twice`);
  for (const [number, timecode] of ledger.persisted) {
    assert.ok(numbers.has(number), `${ledger.stream}: PERSISTED ${number} (timecode ${timecode}) is not listed`);
  }
  const times = new Map(listed.map((entry) => [entry.FragmentNumber!, entry.ProducerTimestamp!.getTime()]));
  for (const [number, time] of times) {
    assert.ok(ledger.sent.has(time), `${ledger.stream}: ${number} at ${time} was never sent`);
    const promised = ledger.persisted.get(number);
    assert.ok(
      promised === undefined || promised === time,
      `${ledger.stream}: ${number} is at ${time}, not ${promised}`,
    );
  }
  const recent = listed
    .filter((entry) => entry.ServerTimestamp!.getTime() >= since)
    .map((entry) => entry.FragmentNumber!);
  for (let from = 0; from < recent.length; from += BATCH) {
    await verifyMedia(client, ledger.stream, recent.slice(from, from + BATCH), times);
  }
  client.destroy();
  return recent.length;
}

async function verifyMedia(
  client: KinesisVideoArchivedMediaClient,
  stream: string,
  numbers: string[],
  times: Map<string, number>,
): Promise<void> {
  const answer = await client.send(new GetMediaForFragmentListCommand({ StreamName: stream, Fragments: numbers }));
  const chunks = chunksOf(Buffer.from(await answer.Payload!.transformToByteArray()));
  assert.equal(chunks.length, numbers.length, `${stream}: asked for ${numbers.length} fragments`);
  for (const [index, number] of numbers.entries()) {
    const expected = fragmentOf(stream, times.get(number)!);
    assert.ok(chunks[index]!.includes(number), `${stream}: chunk ${index} is not fragment ${number}`);
    assert.ok(chunks[index]!.includes(expected), `${stream}: ${number} does not hold the bytes that were sent`);
  }
}
