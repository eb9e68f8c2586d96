import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import { RecordDamaged } from "../../storage/ports/journal.ts";
import { KeyUnavailable } from "../../storage/ports/key-encryption.ts";
import type { ReadMetrics } from "../events/metrics.ts";
import { sendLent } from "../lent-bytes.ts";
import type { LiveFragment } from "../live/live-fragment.ts";
import type { LiveStream } from "../live/live-stream.ts";
import type { Stream } from "../streams/stream.ts";
import { type FragmentArchive, FragmentGone, type StoredFragment } from "./archive.ts";
import { chunkHead, chunkTail, clusterFiller, errorChunk } from "./chunk.ts";
import { FragmentCursor, type NextFragment } from "./cursor.ts";
import { formatFragmentNumber } from "./fragment-number.ts";
import { LayoutError } from "./layout.ts";
import type { Pace } from "./pace.ts";
import type { ReaderLimits } from "./reader-limits.ts";
import { findStart, type StartSelector } from "./start-selector.ts";

/** What a reader of a live fragment takes at once, in bytes; what it holds beyond what the stream holds anyway. */
const TAKE_BYTES = 2 ** 20;

const FRAGMENT_NOT_FOUND = { code: "FRAGMENT_NOT_FOUND", id: 4000 };
const KEY_UNAVAILABLE = { code: "KMS_KEY_UNAVAILABLE", id: 4503 };
const INTERNAL_ERROR = { code: "INTERNAL_ERROR", id: 5000 };

/** What one read is made of. */
export interface MediaReadOptions {
  readonly stream: Stream;
  readonly live: LiveStream;
  readonly index: FragmentIndex;
  readonly archive: FragmentArchive;
  readonly limits: ReaderLimits;
  /** Undefined where nothing bounds it. */
  readonly pace: Pace | undefined;
  readonly metrics: ReadMetrics;
  readonly staleMs: number;
  readonly now: () => number;
  /** Called with failures that are the server's own. */
  readonly report: (error: unknown) => void;
  /** Called when the reader had to pass over media that is no longer held, or that it must not wait for. */
  readonly skipped: () => void;
}

/** One GetMedia: the stream's fragments as chunks, from where a selector points, on into what is live (AWS docs, "GetMedia"). */
export class MediaRead {
  readonly #options: MediaReadOptions;
  readonly #startedAt: number;
  #stopped = false;
  /** When something was last sent or, before that, the start. */
  #lastSentAt: number;
  #sent = false;
  /** Newest fragment of the archive when reading began. */
  #archiveTip: FragmentRow | undefined;
  #ahead: { row: FragmentRow; fragment: Promise<StoredFragment> } | undefined;

  constructor(options: MediaReadOptions) {
    this.#options = options;
    this.#startedAt = options.now();
    this.#lastSentAt = this.#startedAt;
  }

  /** Ends the read at the next frame boundary. */
  stop(): void {
    this.#stopped = true;
    this.#options.pace?.stop();
    this.#options.live.wake();
  }

  /**
   * The response's bytes. Ends where reading ends; throws only where a fragment turns out to be damaged after its chunk has begun, so that
   * the client finds the response cut off rather than a chunk that looks whole.
   */
  async *chunks(selector: StartSelector): AsyncGenerator<Uint8Array, void> {
    const { stream, index, live } = this.#options;
    const start = await findStart({ stream, index, live }, selector);
    if (start === undefined) {
      yield errorChunk(selector.type === "after" ? selector.number : "", FRAGMENT_NOT_FOUND);
      return;
    }
    this.#archiveTip = await index.newest({ streamId: stream.id, horizon: stream.horizon() });
    try {
      yield* this.#follow(new FragmentCursor({ stream, index, live }, start, this.#options.skipped));
    } finally {
      await this.#dropAhead();
    }
  }

  async *#follow(cursor: FragmentCursor): AsyncGenerator<Uint8Array, void> {
    const { limits, now, pace } = this.#options;
    while (!this.#stopped && now() - this.#startedAt < limits.maxReadMs) {
      const changed = this.#options.live.changed();
      const next = await cursor.next();
      if (next === undefined) {
        if (this.#atEnd()) return;
        await changed;
        continue;
      }
      cursor.pass(next.identity.sequence);
      pace?.countFragment();
      await pace?.due();
      const failure = yield* this.#chunk(next, cursor);
      if (failure === undefined) continue;
      yield errorChunk(formatFragmentNumber(next.identity), failure);
      return;
    }
  }

  /** One fragment's chunk; returns the error that reading must end with. */
  async *#chunk(
    next: NextFragment,
    cursor: FragmentCursor,
  ): AsyncGenerator<Uint8Array, typeof INTERNAL_ERROR | undefined> {
    if (next.live !== undefined) {
      yield* this.#liveChunk(next.live);
      return undefined;
    }
    let fragment: StoredFragment;
    try {
      fragment = await this.#open(next.row, cursor.peekBehind(next.row));
    } catch (error) {
      if (error instanceof FragmentGone) {
        this.#options.skipped();
        return undefined;
      }
      this.#options.report(error);
      return errorOf(error);
    }
    yield* this.#archivedChunk(fragment);
    return undefined;
  }

  async *#archivedChunk(fragment: StoredFragment): AsyncGenerator<Uint8Array, void> {
    const { row } = fragment;
    try {
      yield this.#count(chunkHead(fragment.head, row));
      // To its end also when reading is stopped: a chunk must not end within a frame.
      for await (const bytes of sendLent(fragment.body())) yield this.#count(bytes);
    } finally {
      await fragment.close();
    }
    yield this.#end(row, fragment.frames);
  }

  /**
   * A fragment from memory, as it arrives: a frame is sent as soon as it is complete. Where memory no longer holds what comes next, the
   * rest is read from the archive once it is there.
   */
  async *#liveChunk(fragment: LiveFragment): AsyncGenerator<Uint8Array, void> {
    const { live } = this.#options;
    const { identity, head, bodyStart } = fragment;
    let offset = bodyStart;
    let begun = false;
    for (;;) {
      const changed = live.changed();
      if (!this.#stopped && fragment.holds(offset)) {
        // Taken before anything is sent: much may happen until a reader has taken that.
        const frames = fragment.take(offset, TAKE_BYTES);
        if (!begun) yield this.#count(chunkHead(head, identity));
        begun = true;
        offset += frames.length;
        yield this.#count(frames);
      } else if (fragment.state === "complete" && fragment.released === offset) {
        yield this.#end(identity, fragment.frames);
        return;
      } else if (fragment.state === "complete" && fragment.row !== undefined) {
        yield* this.#restFromArchive(fragment, offset, begun);
        return;
      } else if (this.#isLost(fragment)) {
        if (!this.#stopped && (begun || fragment.state !== "failed")) this.#options.skipped();
        if (begun) yield* this.#fill(fragment, offset);
        return;
      } else await changed;
    }
  }

  /** Whether nothing more of a live fragment will come, or reading must not wait for it. */
  #isLost(fragment: LiveFragment): boolean {
    const { live, now, staleMs } = this.#options;
    if (this.#stopped || fragment.state === "failed") return true;
    // Evicted from the buffer of a stream without retention while it was read.
    if (fragment.buffered) return true;
    if (fragment.state === "complete") return false;
    return live.lastBegun > fragment.identity.sequence && now() - fragment.lastDataAt > staleMs;
  }

  async *#restFromArchive(fragment: LiveFragment, offset: number, begun: boolean): AsyncGenerator<Uint8Array, void> {
    const stored = await this.#options.archive.open(this.#options.stream, fragment.row!);
    try {
      if (!begun) yield this.#count(chunkHead(fragment.head, fragment.identity));
      for await (const bytes of sendLent(stored.body(offset))) yield this.#count(bytes);
    } finally {
      await stored.close();
    }
    yield this.#end(fragment.identity, fragment.frames);
  }

  *#fill(fragment: LiveFragment, offset: number): Generator<Uint8Array> {
    const { totalBytes } = fragment.cluster;
    if (totalBytes === undefined) return;
    for (const filler of clusterFiller(totalBytes - (offset - fragment.bodyStart))) yield this.#count(filler);
  }

  /** Opens a fragment, and begins to read the one behind it. */
  async #open(row: FragmentRow, behind: FragmentRow | undefined): Promise<StoredFragment> {
    const { archive, stream } = this.#options;
    const ahead = this.#ahead;
    this.#ahead = undefined;
    let opening: Promise<StoredFragment>;
    if (ahead?.row === row) opening = ahead.fragment;
    else {
      ahead?.fragment.then((fragment) => fragment.close()).catch(() => undefined);
      opening = archive.open(stream, row);
    }
    const fragment = await opening;
    if (behind !== undefined) {
      this.#ahead = { row: behind, fragment: archive.open(stream, behind) };
      // Whoever takes it from there sees the failure; nobody may.
      this.#ahead.fragment.catch(() => undefined);
    }
    return fragment;
  }

  async #dropAhead(): Promise<void> {
    const fragment = await this.#ahead?.fragment.catch(() => undefined);
    await fragment?.close();
  }

  #atEnd(): boolean {
    const { limits, now } = this.#options;
    return now() - this.#lastSentAt >= (this.#sent ? limits.idleMs : limits.firstIdleMs);
  }

  #count(bytes: Uint8Array): Uint8Array {
    this.#options.metrics.outgoingBytes += bytes.length;
    this.#lastSentAt = this.#options.now();
    this.#sent = true;
    return bytes;
  }

  #end(identity: FragmentRow | LiveFragment["identity"], frames: number): Uint8Array {
    const { metrics } = this.#options;
    const behind = this.#behind(identity);
    metrics.outgoingFragments++;
    metrics.outgoingFrames += frames;
    metrics.millisBehindNow = behind;
    return this.#count(chunkTail(identity, behind));
  }

  /**
   * Milliseconds from a fragment to the newest that has come whole. Readers take 0 for "caught up" (AWS docs, "GetMedia"): it is so while the next
   * one arrives, and of fragments that came in one millisecond only for the newest.
   */
  #behind({ sequence, serverTimestamp }: FragmentRow | LiveFragment["identity"]): number {
    const { newestWhole } = this.#options.live;
    const archived = this.#archiveTip;
    if (sequence >= Math.max(newestWhole?.sequence ?? 0, archived?.sequence ?? 0)) return 0;
    return Math.max(1, Math.max(newestWhole?.serverTimestamp ?? 0, archived?.serverTimestamp ?? 0) - serverTimestamp);
  }
}

function errorOf(error: unknown): typeof INTERNAL_ERROR {
  if (error instanceof KeyUnavailable) return KEY_UNAVAILABLE;
  if (error instanceof RecordDamaged || error instanceof LayoutError) return INTERNAL_ERROR;
  throw error;
}
