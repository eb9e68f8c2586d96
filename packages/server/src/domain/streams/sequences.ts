/** Gives one connection its fragments' sequence numbers. */
export interface FragmentSequence {
  /**
   * The sequence of the fragment that begins now: larger than every one given before on the stream, by any connection.
   * Does no I/O. Throws `SequencesExhausted` where the catalog has not let the stream reserve further numbers.
   */
  next(): number;
}

/** No durably reserved number is left: the catalog could not be written. A later attempt may succeed. */
export class SequencesExhausted extends Error {
  override readonly name = "SequencesExhausted";
}

/** Numbers reserved with one catalog write: one write for ten connections, and 10,000 fragments are hours of any stream. */
export const SEQUENCE_BLOCK = 10_000;
/** With fewer reserved numbers than this the next block is asked for: five connections' worth of time to write it. */
const LOW_WATER = 5_000;
/** How far a connection starts above the start of the one before it, as fragment numbers of Kinesis Video Streams show. */
const CONNECTION_STRIDE = 1_000;

/** Where a stream's numbers stand. */
interface SequenceState {
  /** The first number to give. */
  readonly next: number;
  /** Numbers below this one are reserved durably. */
  readonly reserved: number;
  /** Stores durably that numbers below `until` may have been given. */
  readonly reserve: (until: number) => Promise<void>;
}

/**
 * The sequence numbers of one stream. They ascend across restarts because a block is reserved in the catalog before its first
 * number is given; the rest of a block is skipped when the process ends.
 */
export class SequenceAllocator {
  readonly #reserve: SequenceState["reserve"];
  #next: number;
  #reserved: number;
  #connectionStart: number | undefined;
  #reserving: Promise<void> | undefined;
  #failure: unknown;

  constructor({ next, reserved, reserve }: SequenceState) {
    this.#next = next;
    this.#reserved = reserved;
    this.#reserve = reserve;
  }

  /**
   * Numbers for a new connection, which begins 1,000 above the one before it. Waits for a reservation only where none is left;
   * never rejects: where the catalog fails, `next` throws until it recovers.
   */
  async beginConnection(): Promise<FragmentSequence> {
    if (this.#next >= this.#reserved) await this.#extend();
    let first = true;
    return {
      next: () => {
        const sequence = this.#take(first);
        first = false;
        return sequence;
      },
    };
  }

  #take(firstOfConnection: boolean): number {
    let sequence = this.#next;
    if (firstOfConnection && this.#connectionStart !== undefined) {
      const strided = Math.max(sequence, this.#connectionStart + CONNECTION_STRIDE);
      // The stride is a habit, not a promise: a burst of connections that outruns the reservation goes without.
      if (strided < this.#reserved) sequence = strided;
    }
    if (this.#reserved - sequence < LOW_WATER) void this.#extend();
    if (sequence >= this.#reserved) {
      throw new SequencesExhausted("no fragment sequence is reserved in the catalog", { cause: this.#failure });
    }
    if (firstOfConnection) this.#connectionStart = sequence;
    this.#next = sequence + 1;
    return sequence;
  }

  #extend(): Promise<void> {
    this.#reserving ??= this.#reserveBlock().finally(() => {
      this.#reserving = undefined;
    });
    return this.#reserving;
  }

  async #reserveBlock(): Promise<void> {
    const until = Math.max(this.#next, this.#reserved) + SEQUENCE_BLOCK;
    try {
      await this.#reserve(until);
      this.#reserved = until;
    } catch (failure) {
      // The next number that is asked for tries again, and throws with this cause when none is left.
      this.#failure = failure;
    }
  }
}
