/** Bytes in memory that is used again: theirs until `release` is called, which whoever holds them last does once. */
export interface LentBytes {
  readonly bytes: Uint8Array;
  readonly release: () => void;
}

/**
 * Items of a streamed answer of at least so many bytes may be written over once the next one is asked for (`WireResponse`): the listener asks
 * when the kernel has taken them. It does not wait so for smaller ones, for which a copy costs less.
 */
const SENT_IN_PLACE_BYTES = 64 * 1024;

/** Bytes to yield in a streamed answer, out of memory that is given back when the next item is asked for. */
export function toSend(bytes: Uint8Array): Uint8Array {
  return bytes.length < SENT_IN_PLACE_BYTES ? Buffer.from(bytes) : bytes;
}

/** Yields the bytes of a streamed answer and gives back each when the next one is asked for, or none is any more. */
export async function* sendLent(lent: AsyncIterable<LentBytes>): AsyncGenerator<Uint8Array, void> {
  for await (const { bytes, release } of lent) {
    try {
      yield toSend(bytes);
    } finally {
      release();
    }
  }
}

/** Gives all of them back. */
export function releaseAll(lent: Iterable<LentBytes>): void {
  for (const { release } of lent) release();
}

/** The same, each asked for while the one before it is in use, so that whoever makes them and whoever uses them work at the same time. */
export async function* oneAhead(source: AsyncGenerator<LentBytes, void>): AsyncGenerator<LentBytes, void> {
  let next = source.next();
  try {
    for (;;) {
      const { value, done } = await next;
      if (done === true) return;
      next = source.next();
      // Where it fails, it does so for whoever comes to it.
      next.catch(() => undefined);
      yield value;
    }
  } finally {
    // Whoever stops before the end leaves one behind.
    next.then(({ value }) => value?.release()).catch(() => undefined);
    source.return().catch(() => undefined);
  }
}
