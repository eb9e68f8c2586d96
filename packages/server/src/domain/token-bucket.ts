/** Meters a rate: `perSecond` units flow in, up to one second's worth can be saved. */
export class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #filledAt: number;

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#filledAt = now;
  }

  /**
   * Takes `units` where there are so many, else takes nothing and returns false. More than a second's worth is given for a full bucket, and
   * owed.
   */
  tryTake(now: number, units = 1): boolean {
    if (this.#perSecond === Number.POSITIVE_INFINITY) return true;
    this.#fill(now);
    if (this.#tokens < Math.min(units, this.#perSecond)) return false;
    this.#tokens -= units;
    return true;
  }

  /** Takes `units`, going into debt where need be; returns the milliseconds until the debt is paid. */
  take(units: number, now: number): number {
    if (this.#perSecond === Number.POSITIVE_INFINITY) return 0;
    this.#fill(now);
    this.#tokens -= units;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#perSecond) * 1000;
  }

  /** Whether it is as good as a new one. */
  isFull(now: number): boolean {
    this.#fill(now);
    return this.#tokens >= this.#perSecond;
  }

  #fill(now: number): void {
    const gained = (Math.max(0, now - this.#filledAt) * this.#perSecond) / 1000;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + gained);
    this.#filledAt = now;
  }
}
