/**
 * Values that one side pushes and the other iterates, once. What is not taken in time is dropped, oldest first, beyond `capacity`
 * values, so that a side that stopped iterating costs nothing.
 */
export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #capacity: number;
  readonly #values: T[] = [];
  #end: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(value: T): void {
    if (this.#end !== undefined) return;
    this.#values.push(value);
    if (this.#values.length > this.#capacity) this.#values.shift();
    this.#wake?.();
  }

  /** The iteration ends after the values that are there. */
  close(): void {
    this.#end ??= {};
    this.#wake?.();
  }

  /** The iteration throws after the values that are there. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      while (this.#values.length > 0) yield this.#values.shift()!;
      if (this.#end !== undefined) {
        if ("error" in this.#end) throw this.#end.error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
