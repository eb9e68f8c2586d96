import { TokenBucket } from "../token-bucket.ts";

/** How fast one connection may be sent to. */
export interface PaceLimits {
  /** Infinity for no bound. */
  readonly bytesPerSecond: number;
  /** Infinity for no bound. */
  readonly fragmentsPerSecond: number;
}

/** Holds one answer to its rate: whatever is sent is counted here, and the debt waited for before more is sent. */
export class Pace {
  readonly #bytes: TokenBucket;
  readonly #fragments: TokenBucket;
  readonly #now: () => number;
  /** Milliseconds until all that was sent would have been sent at the rate. */
  #debt = 0;
  #wake: (() => void) | undefined;
  #stopped = false;

  constructor({ bytesPerSecond, fragmentsPerSecond }: PaceLimits, now: () => number) {
    this.#now = now;
    this.#bytes = new TokenBucket(bytesPerSecond, now());
    this.#fragments = new TokenBucket(fragmentsPerSecond, now());
  }

  /** Counts bytes that are about to be sent. */
  countBytes(bytes: number): void {
    this.#debt = Math.max(this.#debt, this.#bytes.take(bytes, this.#now()));
  }

  /** Counts a fragment that is about to be sent. */
  countFragment(): void {
    this.#debt = Math.max(this.#debt, this.#fragments.take(1, this.#now()));
  }

  /** Undefined where more may be sent at once, else a promise that resolves when it may, or when `stop` is called. */
  due(): Promise<void> | undefined {
    const debt = this.#debt;
    this.#debt = 0;
    if (debt === 0 || this.#stopped) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, debt);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Nobody waits any more: the answer is to end. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }
}

/** The same bytes, no faster than the pace allows. */
export async function* paced(chunks: AsyncIterable<Uint8Array>, pace: Pace): AsyncGenerator<Uint8Array, void> {
  for await (const bytes of chunks) {
    pace.countBytes(bytes.length);
    await pace.due();
    yield bytes;
  }
}
