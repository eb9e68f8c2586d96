const END: IteratorResult<Uint8Array> = Object.freeze({ done: true, value: undefined });

/**
 * Acknowledgements on their way to the producer: pushed by a session, read by one consumer as an async iterable. A session looks at
 * `queued` to slow a producer down that does not read its acknowledgements.
 */
export class AckStream implements AsyncIterableIterator<Uint8Array> {
  readonly #queue: Uint8Array[] = [];
  #waiting: PromiseWithResolvers<IteratorResult<Uint8Array>> | undefined;
  #drained: PromiseWithResolvers<void> | undefined;
  #closed = false;

  /** Acknowledgements that the consumer has not taken. */
  get queued(): number {
    return this.#queue.length;
  }

  /** Appends one acknowledgement; ignored after `close`. */
  push(ack: Uint8Array): void {
    if (this.#closed) return;
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#queue.push(ack);
      return;
    }
    this.#waiting = undefined;
    waiting.resolve({ done: false, value: ack });
  }

  /** Ends the iteration once everything pushed has been taken. */
  close(): void {
    this.#closed = true;
    this.#waiting?.resolve(END);
    this.#waiting = undefined;
    this.#settleDrained();
  }

  /** Resolves when the queue is empty or the stream is closed. */
  drained(): Promise<void> {
    if (this.#queue.length === 0 || this.#closed) return Promise.resolve();
    this.#drained ??= Promise.withResolvers<void>();
    return this.#drained.promise;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const ack = this.#queue.shift();
    if (ack !== undefined) {
      if (this.#queue.length === 0) this.#settleDrained();
      return Promise.resolve({ done: false, value: ack });
    }
    if (this.#closed) return Promise.resolve(END);
    this.#waiting ??= Promise.withResolvers<IteratorResult<Uint8Array>>();
    return this.#waiting.promise;
  }

  /** The consumer is gone. */
  return(): Promise<IteratorResult<Uint8Array>> {
    this.#queue.length = 0;
    this.close();
    return Promise.resolve(END);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settleDrained(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }
}
