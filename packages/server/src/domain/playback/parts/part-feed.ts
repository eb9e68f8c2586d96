import type { FragmentRow } from "../../../storage/ports/fragment.ts";
import type { FragmentArchive } from "../../fragments/archive.ts";
import type { LiveStream } from "../../live/live-stream.ts";
import type { LiveStreams } from "../../live/live-streams.ts";
import type { Stream } from "../../streams/stream.ts";
import type { ArrivingFragment } from "../segment-source.ts";
import { Changes } from "./changes.ts";
import { FragmentParts, type PartSource } from "./fragment-parts.ts";
import { StoredSource } from "./stored-source.ts";
import { partTargetFor } from "./track-parts.ts";

/** A feed that nobody has asked for so long ends, in milliseconds: longer than a paused browser tab takes to look again. */
const IDLE_MS = 30_000;
/** Bytes of the parts of one stream: 10 s of 50 Mbit/s. Beyond it the oldest go. */
const MAX_BYTES = 64 * 2 ** 20;
/** Fragments that are remembered, however short. */
const MAX_FRAGMENTS = 600;

/** What a feed is made of. */
export interface PartFeedOptions {
  readonly live: LiveStreams;
  readonly archive: FragmentArchive;
  readonly stream: Stream;
  /** The part target of each of a session's tracks, in milliseconds. */
  readonly targetsMs: readonly number[];
  readonly now: () => number;
  /** Called once, when it has ended. */
  readonly ended: (feed: PartFeed) => void;
  readonly report: (error: unknown) => void;
}

/**
 * Cuts the fragments of one live stream into parts as they arrive, each once for all who watch. It begins when somebody asks, and ends when
 * nobody has for a while.
 */
export class PartFeed {
  readonly targetsMs: readonly number[];
  readonly #options: PartFeedOptions;
  readonly #live: LiveStream;
  /** Ascending by sequence: what arrives, and what arrived a short while ago. */
  readonly #fragments: FragmentParts[] = [];
  readonly #changes = new Changes();
  #askedAt: number;
  /** How long what is complete stays, in milliseconds of media behind it. */
  #keepMs = 1;
  #ended = false;
  #bytes = 0;
  #reachingBack: Promise<void> | undefined;
  /** Whether `reachBack` has been called, and is done. */
  reachesBack = false;

  constructor(options: PartFeedOptions) {
    this.#options = options;
    this.targetsMs = options.targetsMs;
    this.#askedAt = options.now();
    this.#live = options.live.acquireForReading(options.stream);
    this.#follow().catch(options.report);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Bytes of all parts. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Says that somebody watches, who needs the parts of the last `keepMs` milliseconds. */
  touch(keepMs: number): void {
    this.#askedAt = this.#options.now();
    this.#keepMs = Math.max(this.#keepMs, keepMs);
  }

  /**
   * Cuts fragments into parts that had arrived before it began, oldest first; does so once. Resolves when they are there. Never rejects: what
   * cannot be read has no parts, and whoever plays the whole segment is told why.
   */
  reachBack(rows: readonly FragmentRow[]): Promise<void> {
    this.#reachingBack ??= this.#readBack(rows).finally(() => {
      this.reachesBack = true;
    });
    return this.#reachingBack;
  }

  /** How many times there was another part, or a fragment began, ended, was archived or lost. */
  get changes(): number {
    return this.#changes.count;
  }

  /** Whether there are more changes than `changes`, or the feed has ended, within so many milliseconds, before `signal` is aborted. Never rejects. */
  changedSince(changes: number, ms: number, signal?: AbortSignal): Promise<boolean> {
    return this.#ended ? Promise.resolve(true) : this.#changes.after(changes, ms, signal);
  }

  /** The fragment with this sequence, where it still has parts or will. */
  bySequence(sequence: number): FragmentParts | undefined {
    return this.#fragments.findLast(({ fragment }) => fragment.identity.sequence === sequence);
  }

  /** What arrives, as far as the timeline can know it: up to the first fragment that nothing is known of yet. */
  *arriving(): Generator<ArrivingFragment, void> {
    for (const [place, parts] of this.#fragments.entries()) {
      const { fragment } = parts;
      if (fragment.buffered) continue;
      const { arriving } = parts;
      const later = place < this.#fragments.length - 1;
      if (arriving?.state === "open" && later && this.#isStale(parts)) yield { ...arriving, state: "failed" };
      else if (arriving !== undefined) yield arriving;
      else if (fragment.state !== "failed" && !this.#isStale(parts)) return;
    }
  }

  /** Ends it: whoever waits looks again. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#fragments.length = 0;
    this.#bytes = 0;
    this.#options.live.releaseFromReading(this.#live);
    this.#options.ended(this);
    this.#changes.tell();
    // The loop looks whether it is still wanted.
    this.#live.wake();
  }

  async #follow(): Promise<void> {
    try {
      while (!this.#ended) {
        this.#advance();
        const { stream, now } = this.#options;
        if (stream.signal.aborted || now() - this.#askedAt > IDLE_MS) return;
        await this.#live.changed();
      }
    } finally {
      this.end();
    }
  }

  #advance(): void {
    let changed = this.#adopt();
    for (const parts of this.#fragments) changed = parts.advance() || changed;
    this.#bound();
    if (changed) this.#changes.tell();
  }

  /** Begins with the fragments that are new. */
  #adopt(): boolean {
    const before = this.#fragments.length;
    let last = this.#fragments.at(-1)?.fragment.identity.sequence ?? 0;
    for (;;) {
      const fragment = this.#live.nextAfter(last);
      if (fragment === undefined) return this.#fragments.length > before;
      last = fragment.identity.sequence;
      this.#fragments.push(this.#partsOf(fragment));
    }
  }

  async #readBack(rows: readonly FragmentRow[]): Promise<void> {
    const { archive, stream } = this.#options;
    for (const row of rows) {
      if (this.#ended || this.#bytes + row.size > MAX_BYTES || this.bySequence(row.sequence)) continue;
      const source = await StoredSource.read(archive, stream, row).catch(() => undefined);
      if (source === undefined || this.#ended) continue;
      const parts = this.#partsOf(source);
      parts.advance();
      source.drop();
      this.#bytes += parts.bytes;
      const place = this.#fragments.findIndex(({ fragment }) => fragment.identity.sequence > row.sequence);
      this.#fragments.splice(place < 0 ? this.#fragments.length : place, 0, parts);
    }
  }

  #partsOf(fragment: PartSource): FragmentParts {
    return new FragmentParts(fragment, (place) => this.targetsMs[place] ?? partTargetFor(0));
  }

  /** Forgets what is long over, and what takes too much memory. */
  #bound(): void {
    const fragments = this.#fragments;
    let behindMs = 0;
    let bytes = 0;
    let keep = fragments.length;
    while (keep > 0 && fragments.length - keep < MAX_FRAGMENTS && behindMs < this.#keepMs) {
      const parts = fragments[--keep]!;
      bytes += parts.bytes;
      if (bytes > MAX_BYTES) {
        bytes -= parts.bytes;
        parts.abandon();
      }
      behindMs += parts.arriving?.row.duration ?? 0;
    }
    const over = fragments.findIndex(({ settled }, place) => !settled || place === keep);
    fragments.splice(0, Math.max(0, over));
    this.#bytes = bytes;
  }

  /** Whether readers leave a fragment in progress that gets no more data. */
  #isStale({ fragment }: FragmentParts): boolean {
    const { live, now } = this.#options;
    return fragment.state === "open" && now() - fragment.lastDataAt > live.limits.staleMs;
  }
}
