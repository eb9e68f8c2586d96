import type { FragmentIdentity, FragmentRow, FragmentSummary } from "../../storage/ports/fragment.ts";
import { encodeHead, type FragmentHead, totalLength } from "../fragments/layout.ts";
import { ByteLog } from "./byte-log.ts";
import type { LiveMemory } from "./live-memory.ts";

/**
 * - `open`: its bytes are arriving
 * - `complete`: its last byte has arrived
 * - `failed`: it will never be complete: the producer went away, broke a rule, or the archive refused it
 */
export type LiveState = "open" | "complete" | "failed";

/** Least distance of two noted frame boundaries: a list of all would cost as much as small frames themselves. */
const BOUNDARY_STEP = 64 * 1024;

/** What the producer's Cluster says of itself. */
export interface ClusterShape {
  /** The Cluster's timecode exactly as sent, in ticks: a bigint above 2^53-1. */
  readonly timecode: number | bigint;
  /** Bytes of the whole Cluster element; undefined where the producer leaves its size unknown. */
  readonly totalBytes: number | undefined;
}

/**
 * A fragment while it arrives and until the archive has it: one growing run of bytes in the stored layout that ingest appends to, the
 * sealer takes parts from, and any number of readers follow, each at its own offset. Only bytes up to the last frame boundary
 * (`released`) are shown to readers.
 */
export class LiveFragment {
  readonly identity: FragmentIdentity;
  readonly head: FragmentHead;
  readonly cluster: ClusterShape;
  readonly log = new ByteLog();
  /** Offset of the Cluster in `log`. */
  readonly bodyStart: number;
  state: LiveState = "open";
  /** Offset behind the last byte that readers may have; a frame boundary. */
  released: number;
  /** Offset behind the Cluster, known when it ends. */
  clusterEnd: number | undefined;
  frames = 0;
  /** As in `FragmentSummary`, once its first video frame has come; that of the fragment before it until then. */
  configuration = 0;
  /** What is known of its media when it is complete. */
  media: Omit<FragmentSummary, "size"> | undefined;
  /** Milliseconds since the epoch. */
  lastDataAt: number;
  /** Complete, and kept here only: its stream has no retention. */
  buffered = false;
  /** Its row, once the archive has it. */
  row: FragmentRow | undefined;
  readonly #memory: LiveMemory;
  #counted = 0;
  /** Frame boundaries, ascending, some `BOUNDARY_STEP` apart. */
  readonly #boundaries: number[] = [];

  constructor(identity: FragmentIdentity, head: FragmentHead, cluster: ClusterShape, memory: LiveMemory) {
    this.identity = identity;
    this.head = head;
    this.cluster = cluster;
    this.#memory = memory;
    this.lastDataAt = identity.serverTimestamp;
    const views = encodeHead(head);
    this.bodyStart = totalLength(views);
    for (const view of views) this.log.append(view);
    this.released = this.bodyStart;
    this.#count();
  }

  /** Whether a reader can still read it from its Cluster's first byte. */
  get joinable(): boolean {
    return this.state !== "failed" && this.log.start <= this.bodyStart && this.log.held > 0;
  }

  /** Whether there are bytes at `offset` that a reader may have now. */
  holds(offset: number): boolean {
    return this.state !== "failed" && this.log.start <= offset && this.released > offset;
  }

  append(view: Uint8Array): void {
    this.log.append(view);
    this.#count();
  }

  /** Shows readers everything appended so far. */
  release(now: number): void {
    const last = this.#boundaries.at(-1) ?? this.bodyStart;
    if (this.log.length - last >= BOUNDARY_STEP) this.#boundaries.push(this.log.length);
    this.released = this.log.length;
    this.lastDataAt = now;
  }

  /**
   * A copy of what a reader at `offset` (a frame boundary) may have next: up to a frame boundary at most `limit` bytes on, or to the next
   * one where a single frame is larger. `offset` must still be held and lie before `released`.
   */
  take(offset: number, limit: number): Buffer {
    return this.log.copy(offset, this.#boundaryNear(offset, limit));
  }

  /** Forgets whole slabs before `offset`; readers that were behind must go on from the archive. */
  discard(offset: number): void {
    this.log.discard(offset);
    this.#count();
  }

  /** Forgets all bytes. */
  drop(): void {
    this.log.clear();
    this.#count();
  }

  #boundaryNear(offset: number, limit: number): number {
    if (this.released - offset <= limit) return this.released;
    let next: number | undefined;
    for (let index = this.#boundaries.length - 1; index >= 0; index--) {
      const boundary = this.#boundaries[index]!;
      if (boundary <= offset) break;
      next = boundary;
      if (boundary - offset <= limit) break;
    }
    return next ?? this.released;
  }

  #count(): void {
    this.#memory.used += this.log.held - this.#counted;
    this.#counted = this.log.held;
  }
}
