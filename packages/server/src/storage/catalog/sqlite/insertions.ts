/** How often rows of each stream were inserted since the index was opened: what the side that writes tells the side that reads. */
export class Insertions {
  readonly #counts = new Map<number, number>();

  /** Says that the rows of these streams are visible now, the streams with repetitions. */
  count(rows: readonly { readonly streamId: number }[]): void {
    for (const { streamId } of rows) this.#counts.set(streamId, this.of(streamId) + 1);
  }

  of(streamId: number): number {
    return this.#counts.get(streamId) ?? 0;
  }

  /** Lets go of a stream that is no more. */
  forget(streamId: number): void {
    this.#counts.delete(streamId);
  }
}
