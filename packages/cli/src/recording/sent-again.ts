import { crc32 } from "node:zlib";
import type { ReceivedFragment } from "@kvass/client";

/** What a fragment is known by. */
type Known = Pick<ReceivedFragment, "producerTimestamp"> & {
  readonly frames: readonly { readonly data: Uint8Array }[];
};

/**
 * A producer that reconnects sends a few fragments again, and a recording may be sent again whole: this many are remembered to know them by, some
 * days of them in some ten megabytes.
 */
const REMEMBERED = 100_000;

/** Knows the fragments that have come before. Another one may begin at the same moment: recordings may lie over one another. */
export class SentAgain {
  /** Start and checksum of each. */
  readonly #known = new Set<string>();

  /** Whether the fragment has come before. */
  has({ producerTimestamp, frames }: Known): boolean {
    const known = `${producerTimestamp} ${frames.reduce((sum, { data }) => crc32(data, sum), 0)}`;
    if (this.#known.has(known)) return true;
    this.#known.add(known);
    if (this.#known.size > REMEMBERED) {
      const [oldest] = this.#known;
      this.#known.delete(oldest!);
    }
    return false;
  }
}
