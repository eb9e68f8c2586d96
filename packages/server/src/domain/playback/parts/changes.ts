/**
 * Tells those who wait that something has changed. Nothing is kept of those who have left, as there would be of all who ever waited for one promise:
 * what is silent for hours changes for nobody.
 */
export class Changes {
  readonly #waiting = new Set<() => void>();
  #count = 0;

  /** How many changes there have been. */
  get count(): number {
    return this.#count;
  }

  /** Has all who wait look again. */
  tell(): void {
    this.#count++;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const go of waiting) go();
  }

  /**
   * Whether there is another change than the first `count`, within so many milliseconds, before `signal` is aborted. Leaves no timer and no listener
   * behind. Never rejects.
   */
  after(count: number, ms: number, signal?: AbortSignal): Promise<boolean> {
    if (ms <= 0 || signal?.aborted) return Promise.resolve(false);
    if (this.#count > count) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (changed: boolean): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", leave);
        this.#waiting.delete(go);
        resolve(changed);
      };
      const go = (): void => finish(true);
      const leave = (): void => finish(false);
      const timer = setTimeout(leave, ms);
      signal?.addEventListener("abort", leave);
      this.#waiting.add(go);
    });
  }
}
