/**
 * A token bucket for syncs. A lone fragment finds a token and is synced at once; when fragments come faster than the rate, those that wait for
 * the next token share its sync. So the number of syncs follows time, not the number of streams.
 */
export class SyncBudget {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #now: () => number;
  #tokens: number;
  #refilled: number;

  /** @param now milliseconds on a clock that never goes back */
  constructor(perSecond: number, burst: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#now = now;
    this.#tokens = burst;
    this.#refilled = now();
  }

  /** Milliseconds until a sync may begin, 0 where it may at once. */
  delay(): number {
    this.#refill();
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) * 1000) / this.#perSecond;
  }

  /** Takes the tokens of `syncs` syncs that begin now; what is not there is owed. */
  charge(syncs: number): void {
    this.#refill();
    this.#tokens -= syncs;
  }

  #refill(): void {
    const now = this.#now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#refilled) * this.#perSecond) / 1000);
    this.#refilled = now;
  }
}
