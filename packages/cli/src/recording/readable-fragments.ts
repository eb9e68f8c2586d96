import type { ReceivedFragment } from "@kvass/client";
import type { StoredFragment } from "../archive.ts";

/** What to read, and from where. */
export interface Reading {
  readonly fragments: readonly StoredFragment[];
  /** Reads the fragments of these numbers in their order; throws a `MediaError` at one that cannot be read. */
  read(numbers: readonly string[]): AsyncIterable<ReceivedFragment>;
  /** Told each fragment that cannot be read. */
  onLost(fragment: StoredFragment): void;
}

/** What GetMediaForFragmentList takes at most is 1,000 (AWS docs); fewer keep an interruption cheap. */
export const FRAGMENTS_PER_CALL = 200;
/**
 * Fragments that cannot be read one after the other, each of which costs a call, before the reading fails: more is not a damaged place, but a key
 * that is missing.
 */
const MOST_LOST_IN_A_ROW = 50;

/** The fragments that can be read, in their order. Throws what `read` does, but for damages that it can go on behind. */
export async function* readableFragments({ fragments, read, onLost }: Reading): AsyncGenerator<ReceivedFragment, void> {
  let lostInARow = 0;
  for (let at = 0; at < fragments.length; ) {
    const batch = fragments.slice(at, at + FRAGMENTS_PER_CALL);
    const places = new Map(batch.map(({ number }, place) => [number, at + place]));
    const end = at + batch.length;
    try {
      for await (const fragment of read(batch.map(({ number }) => number))) {
        at = (places.get(fragment.number) ?? at) + 1;
        lostInARow = 0;
        yield fragment;
      }
      at = end;
    } catch (error) {
      const isDamage = error instanceof Error && error.name === "MediaError";
      if (!isDamage || at >= end || ++lostInARow > MOST_LOST_IN_A_ROW) throw error;
      onLost(fragments[at]!);
      at++;
    }
  }
}
