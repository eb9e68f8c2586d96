import { setTimeout as sleep } from "node:timers/promises";
import {
  type Connection,
  dataEndpoint,
  getFragmentListBytes,
  getMediaBytes,
  type ReceivedFragment,
  readFragments,
  type StartSelector,
} from "@kvass/client";
import { END_OF_TIME, fragmentsInRange, LONGEST_FRAGMENT_MS, type StoredFragment } from "../archive.ts";
import { CliError } from "../errors.ts";
import { retentionHours } from "../retention.ts";
import type { Moment } from "../time.ts";
import { playingOrder } from "./playing-order.ts";
import { FRAGMENTS_PER_CALL, readableFragments } from "./readable-fragments.ts";

/** What to read. Times in milliseconds since the epoch, by the clock that is named. */
export interface MediaRequest {
  readonly connection: Connection;
  readonly stream: string;
  readonly from: Moment;
  /** Undefined: to the end of what is stored, or without end where `from` is not in the past. */
  readonly to: Moment | undefined;
  readonly now: number;
  readonly clock: "producer" | "server";
  readonly signal: AbortSignal;
}

/** Media in the order in which it shall play. */
export interface MediaSource {
  /** Fragments that are listed and cannot be read, which `fragments` has passed over so far. */
  readonly lost: readonly StoredFragment[];
  /** The fragments, parsed. */
  fragments(): AsyncIterable<ReceivedFragment>;
  /** The same as the service's own bytes. */
  bytes(): AsyncIterable<Uint8Array>;
}

/** The list is sorted in memory: a million fragments are three weeks of 2-second ones, and some hundred megabytes. */
const MAX_FRAGMENTS = 1_000_000;
/** AWS and Kvass end GetMedia some seconds after a producer has paused; it is asked again at most this often. */
const REOPEN_AFTER_MS = 1000;

/** Chooses how to read: what is stored is listed and fetched in order of time; what is live is followed. */
export async function mediaSource(request: MediaRequest): Promise<MediaSource & { readonly isLive: boolean }> {
  const { from, to, now } = request;
  const isLive = (from !== "earliest" && from >= now) || (to !== undefined && to !== "earliest" && to > now);
  if (isLive) return { isLive, ...liveSource(request) };
  const isKept = (await retentionHours(request.connection, request.stream)) > 0;
  const source = isKept ? await archiveSource(request) : liveSource({ ...request, to: to ?? now });
  return { isLive, ...source };
}

async function archiveSource(request: MediaRequest): Promise<MediaSource> {
  const { connection, stream, signal } = request;
  const listed = await listRange(request);
  const endpoint = await dataEndpoint(connection, "GET_MEDIA_FOR_FRAGMENT_LIST", { streamName: stream });
  const bytesOf = (fragments: readonly string[]): AsyncIterable<Uint8Array> =>
    getFragmentListBytes({ connection, stream: { streamName: stream }, endpoint, fragments, signal });
  async function* bytes(): AsyncGenerator<Uint8Array, void> {
    const numbers = listed.map(({ number }) => number);
    for (let at = 0; at < numbers.length; at += FRAGMENTS_PER_CALL) {
      yield* bytesOf(numbers.slice(at, at + FRAGMENTS_PER_CALL));
    }
  }
  const lost: StoredFragment[] = [];
  const read = (numbers: readonly string[]): AsyncIterable<ReceivedFragment> => readFragments(bytesOf(numbers));
  const fragments = () => readableFragments({ fragments: listed, read, onLost: (fragment) => lost.push(fragment) });
  return { bytes, fragments, lost };
}

/** The stored fragments that overlap the range, in the order in which they shall play; what was sent again is among them. */
async function listRange({ connection, stream, from, to, clock }: MediaRequest): Promise<StoredFragment[]> {
  const first = from === "earliest" ? 0 : from;
  const last = to === undefined || to === "earliest" ? END_OF_TIME : to;
  const timeOf = (fragment: StoredFragment): number =>
    clock === "producer" ? fragment.producerTimestamp : fragment.serverTimestamp;
  const found: StoredFragment[] = [];
  const range = { from: Math.max(0, first - LONGEST_FRAGMENT_MS), to: last, clock };
  for await (const fragment of fragmentsInRange(connection, stream, range)) {
    const time = timeOf(fragment);
    if (time < first && time + fragment.durationMs <= first) continue;
    found.push(fragment);
    if (found.length > MAX_FRAGMENTS)
      throw new CliError(`more than ${MAX_FRAGMENTS} fragments; narrow --from and --to`);
  }
  return clock === "producer" ? playingOrder(found) : found.sort((a, b) => timeOf(a) - timeOf(b));
}

function liveSource(request: MediaRequest): MediaSource {
  const { connection, stream, signal } = request;
  const start = startSelector(request);
  async function* bytes(): AsyncGenerator<Uint8Array, void> {
    await untilBegin(request);
    yield* getMediaBytes({ connection, stream: { streamName: stream }, start, signal });
  }
  return { fragments: () => follow(request, start), bytes, lost: [] };
}

/** What begins in the future is live once its time has come. */
async function untilBegin({ from, now, signal }: MediaRequest): Promise<void> {
  if (from === "earliest" || from <= now) return;
  await sleep(Math.max(0, from - Date.now()), undefined, { signal });
}

function startSelector({ from, now, clock }: MediaRequest): StartSelector {
  if (from === "earliest") return { type: "EARLIEST" };
  if (from >= now) return { type: "NOW" };
  return { type: clock === "producer" ? "PRODUCER_TIMESTAMP" : "SERVER_TIMESTAMP", timestamp: from };
}

/** Reads on over the pauses of the producer, after which the service ends its answer. */
async function* follow(request: MediaRequest, first: StartSelector): AsyncGenerator<ReceivedFragment, void> {
  const { connection, stream, to, now, clock } = request;
  const end = to === undefined || to === "earliest" ? Number.POSITIVE_INFINITY : to;
  await untilBegin(request);
  const endpoint = await dataEndpoint(connection, "GET_MEDIA", { streamName: stream });
  const isOver =
    end > now && end < Number.POSITIVE_INFINITY ? AbortSignal.timeout(Math.max(0, end - Date.now())) : undefined;
  const signal = isOver === undefined ? request.signal : AbortSignal.any([request.signal, isOver]);
  let start = first;
  for (;;) {
    const openedAt = Date.now();
    try {
      const bytes = getMediaBytes({ connection, stream: { streamName: stream }, endpoint, start, signal });
      for await (const fragment of readFragments(bytes)) {
        if ((clock === "producer" ? fragment.producerTimestamp : fragment.serverTimestamp) >= end) return;
        yield fragment;
        // Nothing newer is there, and nothing that comes can still lie in the range.
        if (end <= now && fragment.millisBehindNow === 0) return;
        start = { type: "FRAGMENT_NUMBER", after: fragment.number };
      }
      if (Date.now() >= end) return;
      // Until something has come, what begins while no request is open would be missed.
      await sleep(Math.max(0, openedAt + REOPEN_AFTER_MS - Date.now()), undefined, { signal });
    } catch (error) {
      if (isOver?.aborted && !request.signal.aborted) return;
      throw error;
    }
  }
}
