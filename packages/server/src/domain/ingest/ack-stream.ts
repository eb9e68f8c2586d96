const END: IteratorResult<Uint8Array> = Object.freeze({ done: true, value: undefined });

/**
 * Acknowledgements on their way to the producer: pushed by a session, read by one consumer as an async iterable. A session looks at
 * `queued` to slow a producer down that does not read its acknowledgements.
 *
 * The consumer gets one acknowledgement in each turn of the event loop, so that each leaves in a socket write of its own, under TLS in a
 * record of its own. The producer SDK for Java takes what one read of its socket gives for one acknowledgement and loses those behind it.
 */
export class AckStream implements AsyncIterableIterator<Uint8Array> {
  readonly #queue: Uint8Array[] = [];
  #waiting: PromiseWithResolvers<IteratorResult<Uint8Array>> | undefined;
  #drained: PromiseWithResolvers<void> | undefined;
  #closed = false;
  /** Until the turn in which an acknowledgement was given is over. */
  #resting = false;

  /** Acknowledgements that the consumer has not taken. */
  get queued(): number {
    return this.#queue.length;
  }

  /** Appends one acknowledgement; ignored after `close`. */
  push(ack: Uint8Array): void {
    if (this.#closed) return;
    this.#queue.push(ack);
    this.#give();
  }

  /** Ends the iteration once everything pushed has been taken. */
  close(): void {
    this.#closed = true;
    this.#give();
    this.#settleDrained();
  }

  /** Resolves when the queue is empty or the stream is closed. */
  drained(): Promise<void> {
    if (this.#queue.length === 0 || this.#closed) return Promise.resolve();
    this.#drained ??= Promise.withResolvers<void>();
    return this.#drained.promise;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    this.#waiting ??= Promise.withResolvers<IteratorResult<Uint8Array>>();
    const { promise } = this.#waiting;
    this.#give();
    return promise;
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

  /** Gives a waiting consumer the next acknowledgement if its turn has come, or the end. */
  #give(): void {
    if (this.#waiting === undefined || this.#resting) return;
    const ack = this.#queue.shift();
    if (ack === undefined && !this.#closed) return;
    this.#waiting.resolve(ack === undefined ? END : { done: false, value: ack });
    this.#waiting = undefined;
    if (ack === undefined) return;
    this.#resting = true;
    setImmediate(this.#rested);
    if (this.#queue.length === 0) this.#settleDrained();
  }

  readonly #rested = (): void => {
    this.#resting = false;
    this.#give();
  };

  #settleDrained(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }
}
