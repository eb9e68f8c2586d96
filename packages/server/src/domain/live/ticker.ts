/**
 * One timer for many: sessions and readers that want to look at the clock now and then, without a timer of their own each.
 * The timer runs only while someone is registered.
 */
export class Ticker {
  readonly #intervalMs: number;
  readonly #callbacks = new Set<(now: number) => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  add(callback: (now: number) => void): void {
    this.#callbacks.add(callback);
    this.#timer ??= setInterval(() => this.#tick(), this.#intervalMs);
  }

  delete(callback: (now: number) => void): void {
    this.#callbacks.delete(callback);
    if (this.#callbacks.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const now = Date.now();
    for (const callback of this.#callbacks) callback(now);
  }
}
