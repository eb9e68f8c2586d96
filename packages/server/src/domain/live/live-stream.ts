import type { FragmentIdentity } from "../../storage/ports/fragment.ts";
import type { LiveFragment } from "./live-fragment.ts";
import type { LiveLimits, LiveMemory } from "./live-memory.ts";

/** A stream without retention keeps at most so many fragments, however small: 5 minutes of 20 fragments a second. */
const MAX_BUFFERED_FRAGMENTS = 6000;

/** What the live part of a stream needs to know of it; `Stream` is one. */
export interface LiveOwner {
  readonly id: number;
  /** Aborted when the stream is deleted. */
  readonly signal: AbortSignal;
}

/**
 * The part of a stream that the archive does not have: fragments in progress, fragments that are complete but not yet durable, and, where
 * the stream has no retention, its buffer. A fragment leaves only after its row is visible in the index, so whoever looks here first and
 * there second misses none.
 */
export class LiveStream {
  readonly streamId: number;
  readonly memory: LiveMemory;
  readonly #limits: LiveLimits;
  /** Ascending by sequence, which is the order in which they began. */
  readonly #fragments: LiveFragment[] = [];
  /** A durable fragment kept a little longer for readers that are about to finish it. */
  #lingering: LiveFragment | undefined;
  /** Sessions and readers that use it. */
  users = 0;
  readers = 0;
  /** The highest sequence that has left for the archive. */
  lastArchived = 0;
  /** Counts departures: a page of rows that was read before one may lack the fragment that left. */
  departures = 0;
  /** The highest sequence that was forgotten without being archived. */
  lastEvicted = 0;
  /** The highest sequence that has begun; 0 before the first. */
  lastBegun = 0;
  /** The newest fragment that has come whole. */
  newestWhole: FragmentIdentity | undefined;
  readonly #owner: LiveOwner;
  readonly #clear = (): void => this.clear();
  #change: PromiseWithResolvers<void> | undefined;

  constructor(owner: LiveOwner, limits: LiveLimits, memory: LiveMemory) {
    this.streamId = owner.id;
    this.#owner = owner;
    this.#limits = limits;
    this.memory = memory;
    owner.signal.addEventListener("abort", this.#clear);
  }

  get empty(): boolean {
    return this.#fragments.length === 0;
  }

  /** The fragments held, ascending by sequence. */
  get fragments(): readonly LiveFragment[] {
    return this.#fragments;
  }

  /** Adds a fragment that begins now: its sequence is above all others. */
  begin(fragment: LiveFragment): void {
    this.#fragments.push(fragment);
    this.lastBegun = fragment.identity.sequence;
    this.wake();
  }

  /** A fragment has come whole. */
  completed({ identity }: LiveFragment): void {
    if (identity.sequence > (this.newestWhole?.sequence ?? 0)) this.newestWhole = identity;
  }

  /** Shows readers what has arrived. */
  advance(fragment: LiveFragment, now: number): void {
    fragment.release(now);
    this.wake();
  }

  /** Lets go of the bytes before `sealed` of a fragment in progress where they would take too much memory. */
  trim(fragment: LiveFragment, sealed: number): void {
    if (fragment.log.held > this.#limits.windowBytes || this.memory.exceeded) fragment.discard(sealed);
  }

  /** The same for a fragment that will not be archived: a reader that is behind then loses what it has not read. */
  trimBuffered(fragment: LiveFragment): void {
    if (fragment.log.held > this.#limits.bufferBytes || this.memory.exceeded) fragment.discard(fragment.released);
  }

  /** Keeps a complete fragment of a stream without retention, in place of older ones. */
  buffer(fragment: LiveFragment, now: number): void {
    fragment.buffered = true;
    this.evict(now);
    this.wake();
  }

  /** The archive has the fragment, and its row is visible. */
  archived(fragment: LiveFragment): void {
    this.#remove(fragment);
    this.lastArchived = Math.max(this.lastArchived, fragment.identity.sequence);
    this.departures++;
    this.#lingering?.drop();
    this.#lingering = undefined;
    if (this.readers > 0 && !this.memory.exceeded) this.#lingering = fragment;
    else fragment.drop();
    this.wake();
  }

  /** The fragment will never be complete. Readers that follow it keep what they have. */
  fail(fragment: LiveFragment): void {
    fragment.state = "failed";
    this.#remove(fragment);
    fragment.drop();
    this.wake();
  }

  /** Forgets what a stream without retention may no longer keep. */
  evict(now: number): void {
    const oldest = now - this.#limits.bufferMs;
    let held = this.#heldBytes();
    while (this.#fragments.length > 0) {
      const first = this.#fragments[0]!;
      if (!first.buffered) return;
      const keep =
        first.lastDataAt >= oldest &&
        held <= this.#limits.bufferBytes &&
        this.#fragments.length <= MAX_BUFFERED_FRAGMENTS &&
        !this.memory.exceeded;
      if (keep) return;
      held -= first.log.held;
      this.lastEvicted = first.identity.sequence;
      this.#fragments.shift();
      first.drop();
    }
  }

  /** The held fragment with the lowest sequence above `sequence`. */
  nextAfter(sequence: number): LiveFragment | undefined {
    const fragments = this.#fragments;
    let index = fragments.length;
    while (index > 0 && fragments[index - 1]!.identity.sequence > sequence) index--;
    return fragments[index];
  }

  /** The held fragment with this sequence. */
  bySequence(sequence: number): LiveFragment | undefined {
    const next = this.nextAfter(sequence - 1);
    return next?.identity.sequence === sequence ? next : undefined;
  }

  /** The newest fragment in progress that can be read from its beginning. */
  inProgress(): LiveFragment | undefined {
    return this.#fragments.findLast((fragment) => fragment.state === "open" && fragment.joinable);
  }

  /** Resolves at the next change of anything here. Never rejects; look again at what you waited for. */
  changed(): Promise<void> {
    this.#change ??= Promise.withResolvers<void>();
    return this.#change.promise;
  }

  /** Makes everyone who waits look again. */
  wake(): void {
    const change = this.#change;
    this.#change = undefined;
    change?.resolve();
  }

  /** Nobody uses it any more. */
  close(): void {
    this.#owner.signal.removeEventListener("abort", this.#clear);
    this.clear();
  }

  /** Forgets all media, as the deletion of the stream demands. */
  clear(): void {
    for (const fragment of this.#fragments.splice(0)) fragment.drop();
    this.#lingering?.drop();
    this.#lingering = undefined;
    this.wake();
  }

  #remove(fragment: LiveFragment): void {
    const index = this.#fragments.indexOf(fragment);
    if (index >= 0) this.#fragments.splice(index, 1);
  }

  #heldBytes(): number {
    let held = 0;
    for (const fragment of this.#fragments) held += fragment.log.held;
    return held;
  }
}
