import { GetClipCommand, KinesisVideoArchivedMediaClient } from "@aws-sdk/client-kinesis-video-archived-media";
import { type Connection, dataEndpoint } from "@kvass/client";
import { FIRST_FRAGMENTS, fragmentsInRange, LONGEST_FRAGMENT_MS } from "../archive.ts";
import { CliError, isConnectionFailure } from "../errors.ts";
import { nothingStored } from "../retention.ts";
import type { Moment } from "../time.ts";

/** Which clip. Times in milliseconds since the epoch, by the clock that is named. */
export interface ClipRequest {
  readonly connection: Connection;
  readonly stream: string;
  readonly from: Moment;
  readonly to: number;
  readonly clock: "producer" | "server";
  readonly signal: AbortSignal;
}

/** A range of time that is not empty, in milliseconds since the epoch. */
export interface ClipSpan {
  readonly start: number;
  readonly end: number;
}

/** The longest range of GetClip (AWS docs, "ClipTimestampRange"). */
const LONGEST_CLIP_MS = 24 * 3_600_000;

/**
 * From where the fragment begins that `from` lies in, since GetClip gives only those that begin in its range, or else the next one, up to `to`.
 * Where the range is longer than a clip may be but holds nothing beyond that, it ends there. Throws {@link CliError} where there is nothing.
 */
export async function spanOfClip(request: ClipRequest): Promise<ClipSpan> {
  const { connection, stream, from, to, clock } = request;
  const first = from === "earliest" ? 0 : from;
  const start =
    (await beginOfFragmentAt(request, Math.min(to, first))) ?? (await earliest(request, { from: first, to }));
  if (start === undefined) throw await nothingStored(connection, stream, clock);
  const last = start + LONGEST_CLIP_MS;
  const end = to > last && (await earliest(request, { from: last + 1, to })) === undefined ? last : to;
  // Also where a clip of the very last fragment is asked for.
  return { start, end: Math.max(end, start + 1) };
}

/** Where the fragment begins that a moment lies in: of several the last, since the sound of one often reaches into the next. */
async function beginOfFragmentAt(request: ClipRequest, moment: number): Promise<number | undefined> {
  let start: number | undefined;
  for await (const { time, durationMs } of listed(request, { from: moment - LONGEST_FRAGMENT_MS, to: moment })) {
    const holds = time === moment || time + durationMs > moment;
    if (holds && (start === undefined || time > start)) start = time;
  }
  return start;
}

/** Where the first of the fragments begins that begin in the range. */
async function earliest(request: ClipRequest, range: TimeRange): Promise<number | undefined> {
  let start: number | undefined;
  let left = FIRST_FRAGMENTS;
  for await (const { time } of listed(request, range)) {
    if (start === undefined || time < start) start = time;
    if (--left === 0) break;
  }
  return start;
}

/** The stored fragments of a range in the order of their numbers, each with when it begins by the clock of the request. */
async function* listed(
  { connection, stream, clock }: ClipRequest,
  { from, to }: TimeRange,
): AsyncGenerator<{ time: number; durationMs: number }, void> {
  for await (const fragment of fragmentsInRange(connection, stream, { from: Math.max(0, from), to, clock })) {
    const time = clock === "producer" ? fragment.producerTimestamp : fragment.serverTimestamp;
    yield { time, durationMs: fragment.durationMs };
  }
}

interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** The bytes of the clip of a range. Throws the exceptions of the archive API, and {@link CliError} where the clip is cut off. */
export async function* clipBytes(request: ClipRequest, { start, end }: ClipSpan): AsyncGenerator<Uint8Array, void> {
  const { connection, stream, clock, signal } = request;
  const endpoint = await dataEndpoint(connection, "GET_CLIP", { streamName: stream });
  const { region, credentials } = connection;
  const client = new KinesisVideoArchivedMediaClient({ endpoint, region, credentials });
  const command = new GetClipCommand({
    StreamName: stream,
    ClipFragmentSelector: {
      FragmentSelectorType: clock === "producer" ? "PRODUCER_TIMESTAMP" : "SERVER_TIMESTAMP",
      TimestampRange: { StartTimestamp: new Date(start), EndTimestamp: new Date(end) },
    },
  });
  try {
    const { Payload } = await client.send(command, { abortSignal: signal });
    yield* whole(Payload as AsyncIterable<Uint8Array> | undefined);
  } finally {
    client.destroy();
  }
}

/** Once the answer has begun, a server that fails can only close the connection. */
async function* whole(payload: AsyncIterable<Uint8Array> | undefined): AsyncGenerator<Uint8Array, void> {
  try {
    if (payload !== undefined) yield* payload;
  } catch (error) {
    if (!(error instanceof Error) || !isConnectionFailure(error)) throw error;
    throw new CliError("the server broke the clip off; its log says why", { cause: error });
  }
}
