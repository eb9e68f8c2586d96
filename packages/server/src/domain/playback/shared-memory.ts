/**
 * Memory of a value that several use at a time, which is given back at once when the last of them lets go of it: left to the garbage collector,
 * segments that come and go by the megabyte have V8 mark its whole heap over and over. Whoever never lets go leaves it to the collector.
 */
export class SharedMemory {
  readonly #views: Uint8Array[];
  #holders = 0;

  /** @param views of the memory; those of a part of a larger buffer are left alone, for the rest may be somebody else's */
  constructor(views: readonly Uint8Array[]) {
    this.#views = [...views];
  }

  /** Takes a further view, which the value has come to have. For who holds it. */
  add(view: Uint8Array): void {
    this.#views.push(view);
  }

  /** Keeps the memory until `letGo`. */
  hold(): void {
    this.#holders++;
  }

  /** Once for each `hold`, when the memory is no longer read. */
  letGo(): void {
    this.#holders--;
    // Not at once: whoever is handed the value in this moment holds it in the next.
    if (this.#holders === 0) setImmediate(() => this.#giveBack());
  }

  #giveBack(): void {
    if (this.#holders > 0) return;
    for (const { buffer, byteLength } of this.#views) {
      if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
    }
  }
}
