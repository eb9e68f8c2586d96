import type { Connection } from "@kvass/client";
import { END_OF_TIME, fragmentsInRange, MOST_LISTED } from "../archive.ts";

/** No fragment that frames are cut into is longer (AWS docs, "Kinesis Video Streams quotas"), in milliseconds. */
const LONGEST_SENT_MS = 20_000;

/** The fragments that the service has promised to keep of one upload. */
export class StoredUpload {
  /** The lowest and the highest of their numbers, which are decimal numbers of one length. */
  #first: string | undefined;
  #last: string | undefined;

  /** Takes the number of a PERSISTED acknowledgement. */
  note(fragmentNumber: string | undefined): void {
    if (fragmentNumber === undefined) return;
    if (this.#first === undefined || fragmentNumber < this.#first) this.#first = fragmentNumber;
    if (this.#last === undefined || fragmentNumber > this.#last) this.#last = fragmentNumber;
  }

  /**
   * Where the last frame ends as the archive has it, of an upload whose frames begin from `first` to `last`, or where that is not known, from
   * `first` on; on the producer's clock, in milliseconds since the epoch. Undefined where nothing was promised, and where the archive does not
   * tell: media is stored without that, and a caller may write but not read.
   */
  async end(
    connection: Connection,
    stream: string,
    { first, last }: { readonly first: number; readonly last: number | undefined },
  ): Promise<number | undefined> {
    if (this.#last === undefined) return undefined;
    const from = last === undefined ? first : Math.max(first, last - LONGEST_SENT_MS);
    const range = { from: Math.floor(from), to: last === undefined ? END_OF_TIME : Math.ceil(last) };
    return this.#endIn(connection, stream, range).catch(() => undefined);
  }

  async #endIn(
    connection: Connection,
    stream: string,
    range: { readonly from: number; readonly to: number },
  ): Promise<number | undefined> {
    let end: number | undefined;
    let left = MOST_LISTED;
    for await (const fragment of fragmentsInRange(connection, stream, { ...range, clock: "producer" })) {
      if (left-- === 0) return undefined;
      if (!this.#isOne(fragment.number)) continue;
      end = Math.max(end ?? 0, fragment.producerTimestamp + fragment.durationMs);
    }
    return end;
  }

  /** Recordings of other uploads may lie over this one. */
  #isOne(number: string): boolean {
    return this.#first !== undefined && this.#last !== undefined && number >= this.#first && number <= this.#last;
  }
}
