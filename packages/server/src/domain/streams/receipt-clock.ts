/** A machine's clock that is set back by more than so many milliseconds was wrong before, not a little fast. */
const MAX_SET_BACK_MS = 60_000;

/**
 * The server timestamps of one stream's fragments, over all of its connections: the moment at which each fragment's first byte came. Where the
 * machine's clock is set back a little, as time servers do, later fragments do not look older than earlier ones: theirs stay where they were until
 * the clock has caught up. Fragments that come in one millisecond share it: were they spread over those that follow, a range that ends now would
 * lack fragments that are stored already.
 */
export class ReceiptClock {
  #last = 0;

  /** The server timestamp of a fragment that begins when the machine's clock shows `now`. Both in milliseconds since the epoch. */
  stamp(now: number): number {
    if (now > this.#last || this.#last - now > MAX_SET_BACK_MS) this.#last = now;
    return this.#last;
  }
}
