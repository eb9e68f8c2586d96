import { TokenBucket } from "./token-bucket.ts";

/** How often keys whose rate has recovered are forgotten, in milliseconds; what is remembered is what was used about since then. */
const FORGET_MS = 1000;

/** The same rate for each of many: so many units a second for every key by itself. */
export class KeyedRate<Key> {
  readonly #perSecond: number;
  readonly #buckets = new Map<Key, TokenBucket>();
  #forgotAt = Number.NEGATIVE_INFINITY;

  /** @param perSecond units; Infinity for no bound */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes `units` for `key` where its rate allows them, else takes nothing and returns false. `now` in milliseconds. */
  tryTake(key: Key, now: number, units = 1): boolean {
    if (this.#perSecond === Number.POSITIVE_INFINITY) return true;
    if (now - this.#forgotAt >= FORGET_MS) this.#forget(now);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#perSecond, now);
      this.#buckets.set(key, bucket);
    }
    return bucket.tryTake(now, units);
  }

  #forget(now: number): void {
    this.#forgotAt = now;
    for (const [key, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(key);
  }
}
