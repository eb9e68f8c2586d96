import { CreateStreamCommand, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { KinesisVideoArchivedMediaClient, ListFragmentsCommand } from "@aws-sdk/client-kinesis-video-archived-media";
import type { TestServer } from "./server.ts";
import { until } from "./waiting.ts";

/** Creates streams of that retention. */
export async function createStreams(server: TestServer, names: readonly string[], hours = 24): Promise<void> {
  const client = new KinesisVideoClient(server.client);
  for (const name of names)
    await client.send(new CreateStreamCommand({ StreamName: name, DataRetentionInHours: hours }));
  client.destroy();
}

/** Resolves once a stream, which must be there, has so many fragments in the archive. */
export async function untilStored(server: TestServer, stream: string, count: number): Promise<void> {
  const client = new KinesisVideoArchivedMediaClient(server.client);
  const TimestampRange = { StartTimestamp: new Date(0), EndTimestamp: new Date(Date.now() + 86_400_000) };
  const FragmentSelector = { FragmentSelectorType: "SERVER_TIMESTAMP" as const, TimestampRange };
  const list = new ListFragmentsCommand({ StreamName: stream, FragmentSelector });
  try {
    await until(`${count} fragments of ${stream}`, async () => (await client.send(list)).Fragments!.length >= count);
  } finally {
    client.destroy();
  }
}
