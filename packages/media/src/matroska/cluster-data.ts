import { ByteCollector } from "../bytes/byte-collector.ts";
import { MAX_ELEMENT_HEADER_LENGTH } from "../ebml/element-header.ts";
import { MAX_INTEGER_LENGTH } from "../ebml/values.ts";
import { MatroskaError } from "./error.ts";
import type { MatroskaStreamHandler } from "./handler.ts";

/** Longest Timestamp element in bytes: one that begins within the limit may end this much behind it. */
const MAX_TIMESTAMP_LENGTH = MAX_ELEMENT_HEADER_LENGTH + MAX_INTEGER_LENGTH;

const NO_BYTES = new Uint8Array(0);

/**
 * Passes the raw bytes of the current Cluster on, in views that are as long as the chunks allow. It keeps two marks in
 * the chunk: up to where bytes were told, and where the last complete child ended.
 */
export class ClusterData {
  readonly #handler: MatroskaStreamHandler;
  readonly #maxPrefixBytes: number;
  /** Bytes from before the Timestamp that do not lie in the current chunk. */
  readonly #prefix = new ByteCollector();
  #chunk: Uint8Array = NO_BYTES;
  #told = 0;
  #boundary = 0;
  #open = false;
  #started = false;

  constructor(handler: MatroskaStreamHandler, maxPrefixBytes: number) {
    this.#handler = handler;
    this.#maxPrefixBytes = maxPrefixBytes;
  }

  /** Goes on in the next chunk. */
  enter(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#told = 0;
    this.#boundary = 0;
  }

  /** Opens a Cluster whose first byte of this chunk is at `at`; nothing is told before `start`. */
  open(at: number): void {
    this.#told = at;
    this.#boundary = at;
    this.#open = true;
    this.#started = false;
  }

  /** Adds bytes that earlier chunks held back; they precede everything of the current chunk. `bytes` may be reused. */
  addHeldBack(bytes: Uint8Array): void {
    if (this.#started) this.#handler.onClusterData(bytes.slice(), false);
    else this.#prefix.append(bytes);
  }

  /** The Timestamp is known: from now on bytes are told. */
  start(): void {
    this.#started = true;
    if (this.#prefix.length > 0) this.#handler.onClusterData(this.#prefix.take(), false);
  }

  /** A child ends at `at` of the chunk. */
  mark(at: number): void {
    this.#boundary = at;
  }

  /** Tells, or keeps while the Timestamp is unknown, what the chunk holds up to `end`. */
  leave(end: number, clusterOffset: number): void {
    if (!this.#open) return;
    if (!this.#started) this.#keep(end, clusterOffset);
    else {
      if (this.#boundary > this.#told) this.#tell(this.#boundary, true);
      if (end > this.#told) this.#tell(end, false);
    }
  }

  /** Tells the rest of the Cluster, which ends at `end` of the chunk. */
  close(end: number): void {
    if (end > this.#told) this.#tell(end, true);
    this.#open = false;
  }

  #tell(end: number, atBoundary: boolean): void {
    const view = this.#chunk.subarray(this.#told, end);
    this.#told = end;
    this.#handler.onClusterData(view, atBoundary);
  }

  #keep(end: number, clusterOffset: number): void {
    this.#prefix.append(this.#chunk, this.#told, end);
    this.#told = end;
    this.checkPrefix(this.#prefix.length - MAX_TIMESTAMP_LENGTH, clusterOffset);
  }

  /**
   * Throws where a child begins `bytes` bytes behind the start of a Cluster that still has no Timestamp, and that is
   * too far.
   */
  checkPrefix(bytes: number, clusterOffset: number): void {
    if (bytes <= this.#maxPrefixBytes) return;
    const expectation = `a Timestamp within its first ${this.#maxPrefixBytes} bytes`;
    throw new MatroskaError("limit-exceeded", "Cluster", clusterOffset, expectation);
  }
}
