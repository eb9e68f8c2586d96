/** A fragment on its way: its bytes in the pieces in which they came, kept until the service promises to keep them. */
interface OutgoingFragment {
  /** The Cluster's Timestamp; acknowledgements name the fragment by it. */
  readonly timecode: number;
  readonly pieces: Uint8Array[];
  bytes: number;
  complete: boolean;
  /** The service refused it before it was complete: what still comes of it is dropped. */
  discarded: boolean;
}

/**
 * The fragments that are not yet acknowledged, oldest first, and how far they have been sent. A new connection sends them again from
 * the first on. One side adds, another sends; each can wait for the other.
 */
export class ReplayBuffer {
  readonly #capacity: number;
  readonly #fragments: OutgoingFragment[] = [];
  #bytes = 0;
  #ended = false;
  /** The next piece to send. */
  #fragmentIndex = 0;
  #pieceIndex = 0;
  #changed: (() => void) | undefined;
  #space: (() => void)[] = [];

  /** `capacity` in bytes: beyond it, whoever adds frames waits, unless nothing but the fragment being made is there. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#fragments.length === 0;
  }

  /** Whether `end` was called and everything has been handed out by `next`. */
  get isSent(): boolean {
    return this.#ended && this.#fragmentIndex >= this.#fragments.length;
  }

  begin(timecode: number): void {
    this.#fragments.push({ timecode, pieces: [], bytes: 0, complete: false, discarded: false });
  }

  /** Adds bytes to the fragment that was begun last. */
  append(piece: Uint8Array): void {
    const fragment = this.#fragments.at(-1)!;
    if (fragment.discarded) return;
    fragment.pieces.push(piece);
    fragment.bytes += piece.length;
    this.#bytes += piece.length;
    this.wake();
  }

  /** The fragment that was begun last has all of its bytes. */
  complete(): void {
    const fragment = this.#fragments.at(-1)!;
    fragment.complete = true;
    if (fragment.discarded) this.#drop(this.#fragments.length - 1, this.#fragments.length);
    this.wake();
  }

  /** No more fragments will begin. */
  end(): void {
    this.#ended = true;
    this.wake();
  }

  /** The next bytes to send, or undefined where they have not come yet. */
  next(): Uint8Array | undefined {
    for (;;) {
      const fragment = this.#fragments[this.#fragmentIndex];
      if (fragment === undefined) return undefined;
      const piece = fragment.pieces[this.#pieceIndex];
      if (piece !== undefined) {
        this.#pieceIndex++;
        return piece;
      }
      if (!fragment.complete) return undefined;
      this.#fragmentIndex++;
      this.#pieceIndex = 0;
    }
  }

  /** Begins again with the oldest fragment, for a new connection. */
  rewind(): void {
    this.#fragmentIndex = 0;
    this.#pieceIndex = 0;
  }

  /** The service keeps the fragment of this timecode and so all before it. Returns how many that were, and their bytes. */
  acknowledge(timecode: number): { fragments: number; bytes: number } {
    const kept = this.#fragments.findIndex((fragment) => !fragment.complete || fragment.timecode > timecode);
    return this.#drop(0, kept < 0 ? this.#fragments.length : kept);
  }

  /** Gives up the complete or incomplete fragment of this timecode. False where there is none. */
  discard(timecode: number): boolean {
    const index = this.#fragments.findIndex((fragment) => fragment.timecode === timecode);
    const fragment = this.#fragments[index];
    if (fragment === undefined) return false;
    if (fragment.complete) {
      this.#drop(index, index + 1);
    } else {
      fragment.discarded = true;
      this.#bytes -= fragment.bytes;
      fragment.bytes = 0;
      fragment.pieces.length = 0;
    }
    return true;
  }

  /** Resolves when there is something new to send, or at {@link wake}. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve;
    });
  }

  wake(): void {
    this.#changed?.();
    this.#changed = undefined;
  }

  /** Undefined where frames can be added now; else resolves when acknowledgements have made room, or at {@link release}. */
  space(): Promise<void> | undefined {
    const finished = this.#fragments.length > 1 || this.#fragments[0]?.complete === true;
    if (this.#bytes <= this.#capacity || !finished) return undefined;
    return new Promise((resolve) => this.#space.push(resolve));
  }

  /** Lets everybody go who waits for space. */
  release(): void {
    for (const resolve of this.#space.splice(0)) resolve();
  }

  #drop(from: number, to: number): { fragments: number; bytes: number } {
    const dropped = this.#fragments.splice(from, to - from);
    const bytes = dropped.reduce((sum, fragment) => sum + fragment.bytes, 0);
    this.#bytes -= bytes;
    if (this.#fragmentIndex >= to) this.#fragmentIndex -= dropped.length;
    else if (this.#fragmentIndex >= from) {
      this.#fragmentIndex = from;
      this.#pieceIndex = 0;
    }
    if (this.#bytes <= this.#capacity) this.release();
    return { fragments: dropped.length, bytes };
  }
}
