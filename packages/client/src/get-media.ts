import type { IncomingMessage } from "node:http";
import { FragmentStreamReader, type MatroskaPacket, type MediaFragment as WireFragment } from "@kvass/media";
import type { Connection, StreamId } from "./connection.ts";
import { dataEndpoint, streamMembers } from "./control-plane.ts";
import { KinesisVideoError } from "./errors.ts";
import { type FragmentInfo, fragmentInfo } from "./fragment-info.ts";
import { openSignedPost, responseError } from "./signed-request.ts";

/** Where GetMedia begins (AWS docs, "StartSelector"). Times in milliseconds since the epoch. */
export type StartSelector =
  | { readonly type: "NOW" | "EARLIEST" }
  | { readonly type: "SERVER_TIMESTAMP" | "PRODUCER_TIMESTAMP"; readonly timestamp: number }
  /** Begins with the fragment after this one. */
  | { readonly type: "FRAGMENT_NUMBER"; readonly after: string }
  | { readonly type: "CONTINUATION_TOKEN"; readonly token: string };

/** What both reading calls need to know. */
export interface ReadOptions {
  readonly connection: Connection;
  readonly stream: StreamId;
  /** What GetDataEndpoint answered earlier for this API; asked again where absent. */
  readonly endpoint?: string;
  /** Ends the reading: the iteration throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What to read from a stream as it lies in time. */
export interface GetMediaOptions extends ReadOptions {
  readonly start: StartSelector;
}

/** Which fragments to read, in this order; 1 to 1,000. */
export interface GetFragmentsOptions extends ReadOptions {
  readonly fragments: readonly string[];
}

/** A fragment with all of its frames. */
export interface ReceivedFragment extends FragmentInfo {
  readonly frames: readonly MatroskaPacket[];
}

/** A frame that has come before the end of its fragment; the fragment's trailing members are not known yet. */
export interface ReceivedFrame {
  readonly fragment: FragmentInfo;
  readonly frame: MatroskaPacket;
}

/** The service answers within a round trip. */
const STATUS_WITHIN_MS = 15_000;

function selectorMembers(start: StartSelector): Record<string, unknown> {
  const { type } = start;
  if ("timestamp" in start) return { StartSelectorType: type, StartTimestamp: start.timestamp / 1000 };
  if ("after" in start) return { StartSelectorType: type, AfterFragmentNumber: start.after };
  if ("token" in start) return { StartSelectorType: type, ContinuationToken: start.token };
  return { StartSelectorType: type };
}

async function open(
  options: ReadOptions,
  api: "GET_MEDIA" | "GET_MEDIA_FOR_FRAGMENT_LIST",
  input: object,
): Promise<IncomingMessage> {
  const { connection, stream, signal } = options;
  const endpoint = options.endpoint ?? (await dataEndpoint(connection, api, stream));
  signal?.throwIfAborted();
  const body = JSON.stringify({ ...streamMembers(stream), ...input });
  const request = await openSignedPost({
    connection,
    endpoint,
    path: api === "GET_MEDIA" ? "/getMedia" : "/getMediaForFragmentList",
    headers: { "content-type": "application/json" },
    body,
  });
  request.end(body);
  const abort = (): void => void request.destroy(signal?.reason as Error);
  signal?.addEventListener("abort", abort, { once: true });
  request.once("close", () => signal?.removeEventListener("abort", abort));
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.setTimeout(STATUS_WITHIN_MS, () => request.destroy(new Error("the service did not answer")));
    request.once("response", resolve);
    request.on("error", (error) =>
      reject(signal?.aborted ? error : new KinesisVideoError("ConnectionClosed", error.message, { cause: error })),
    );
  });
  // From here on silence is the stream's, not the service's.
  request.setTimeout(0);
  if (response.statusCode !== 200) throw await responseError(response);
  return response;
}

async function* bytesOf(response: IncomingMessage, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of response) yield chunk as Buffer;
  } catch (error) {
    throw signal?.aborted
      ? signal.reason
      : new KinesisVideoError("ConnectionClosed", (error as Error).message, { cause: error });
  } finally {
    response.destroy();
  }
}

/**
 * The bytes of a GetMedia answer as they come (AWS docs, "GetMedia"): Matroska files one after the other, one for each fragment,
 * live ones while they grow. Ends when the service ends the answer. Throws {@link KinesisVideoError}.
 */
export async function* getMediaBytes(options: GetMediaOptions): AsyncGenerator<Uint8Array, void> {
  const response = await open(options, "GET_MEDIA", { StartSelector: selectorMembers(options.start) });
  yield* bytesOf(response, options.signal);
}

/** The bytes of a GetMediaForFragmentList answer, in the same form. Throws {@link KinesisVideoError}. */
export async function* getFragmentListBytes(options: GetFragmentsOptions): AsyncGenerator<Uint8Array, void> {
  const response = await open(options, "GET_MEDIA_FOR_FRAGMENT_LIST", { Fragments: options.fragments });
  yield* bytesOf(response, options.signal);
}

/**
 * The fragments of an answer, each when it is complete. Throws {@link KinesisVideoError} where the service tells an error in the
 * media, and `MatroskaError` where the bytes are damaged.
 */
export async function* readFragments(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ReceivedFragment, void> {
  const complete: ReceivedFragment[] = [];
  let frames: MatroskaPacket[] = [];
  const reader = new FragmentStreamReader({
    onFragmentStart: () => {
      frames = [];
    },
    onPacket: (packet) => frames.push(packet),
    onFragmentEnd: (fragment) => complete.push({ ...fragmentInfo(fragment), frames }),
  });
  yield* drain(bytes, reader, complete);
}

/** The frames of an answer, each as soon as it is complete, live ones before their fragment ends. Throws as {@link readFragments}. */
export async function* readFrames(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ReceivedFrame, void> {
  const complete: ReceivedFrame[] = [];
  let current: FragmentInfo | undefined;
  const start = (fragment: WireFragment): void => {
    current = fragmentInfo(fragment);
  };
  const reader = new FragmentStreamReader({
    onFragmentStart: start,
    onPacket: (frame) => complete.push({ fragment: current!, frame }),
    // Throws where the chunk tells an error instead of a fragment.
    onFragmentEnd: start,
  });
  yield* drain(bytes, reader, complete);
}

async function* drain<T>(
  bytes: AsyncIterable<Uint8Array>,
  reader: FragmentStreamReader,
  complete: T[],
): AsyncGenerator<T, void> {
  for await (const chunk of bytes) {
    try {
      reader.feed(chunk);
    } finally {
      // What came before an error within the same chunk is whole.
      yield* complete.splice(0);
    }
  }
  reader.end();
  yield* complete.splice(0);
}

/** Fragments of a stream from a place on, then live. `for await` and leave when enough. Throws as {@link readFragments}. */
export const getMedia = (options: GetMediaOptions): AsyncGenerator<ReceivedFragment, void> =>
  readFragments(getMediaBytes(options));

/** Frames of a stream from a place on, then live, before their fragments end. Throws as {@link readFragments}. */
export const getMediaFrames = (options: GetMediaOptions): AsyncGenerator<ReceivedFrame, void> =>
  readFrames(getMediaBytes(options));

/** The given fragments, in the given order. Throws as {@link readFragments}. */
export const getFragments = (options: GetFragmentsOptions): AsyncGenerator<ReceivedFragment, void> =>
  readFragments(getFragmentListBytes(options));
