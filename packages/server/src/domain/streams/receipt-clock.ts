/** How far a burst of fragments may run ahead of the clock, in milliseconds: a second, in which they would hardly have come one by one. */
const MAX_LEAD_MS = 1000;

/**
 * The server timestamps of one stream's fragments, over all of its connections. AWS tells a timestamp in milliseconds for the moment when a
 * fragment's first byte came, and its clients take it for a place on a timeline: where two fragments shared one, "the fragment at this time" would
 * name either, and a list by time would have no order. So each is later than the one before: also where many come in a millisecond, and where the
 * clock of the machine is set back, which must not make a later fragment look older than an earlier one.
 *
 * A producer that sends more than a thousand fragments a second for longer would take the stream's timeline into a future that no range "until now"
 * reaches; beyond {@link MAX_LEAD_MS} they share one. Nothing is kept over a restart: that takes longer than a burst can lead, and a clock that was
 * wrong by hours must not be held to for good.
 */
export class ReceiptClock {
  /** The latest time that the machine's clock has shown. */
  #shown = 0;
  #last = 0;

  /** The server timestamp of a fragment that begins when the machine's clock shows `now`. Both in milliseconds since the epoch. */
  stamp(now: number): number {
    this.#shown = Math.max(this.#shown, now);
    if (this.#shown > this.#last) this.#last = this.#shown;
    else if (this.#last - this.#shown < MAX_LEAD_MS) this.#last++;
    return this.#last;
  }
}
