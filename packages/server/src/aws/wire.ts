import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";

/** A request as the listener hands it over: headers read, body not yet. */
export interface WireRequest {
  /** Id of the request, sent back by the listener as `x-amzn-RequestId`. */
  readonly id: string;
  readonly method: string;
  /** The request target as sent: path and query, still percent-encoded. */
  readonly target: string;
  /** Lower-case names; duplicates as Node joins or drops them. */
  readonly headers: Readonly<IncomingHttpHeaders>;
  /** Name, value, name, value, ... exactly as sent: what signatures are computed over. */
  readonly rawHeaders: readonly string[];
  readonly body: Readable;
  /** `scheme://host[:port]` under which the client reached the listener. */
  readonly baseUrl: string;
  /** IP address that the connection came from; empty where it is gone. */
  readonly remoteAddress: string;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** Tells a client that sent `Expect: 100-continue` to go on; does nothing for others. */
  proceed(): void;
}

/** A body that can give the memory of its chunks back as soon as those who listen to it have returned. */
export interface LendingBody {
  /** Says that nobody who listens keeps a chunk. */
  lendChunks(): void;
}

/** An answer for the listener to send. It adds request id, date, server and CORS headers itself. */
export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Sent whole with its length (text as UTF-8, pieces one behind the other), or streamed in one HTTP chunk for each item. An item of 64 KiB or
   * more may be written over once the next one is asked for; smaller ones stay as they are.
   */
  readonly body: string | Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>;
  /** Called once the body is no longer read, sent or not. */
  readonly release?: () => void;
}
