import type { Ack } from "./acks.ts";
import { AsyncQueue } from "./async-queue.ts";
import { PutMediaConnection, type PutMediaOptions } from "./put-media-connection.ts";

/** A PutMedia request under way. */
export interface PutMediaSession {
  /**
   * The acknowledgements in the order in which they came; iterate once. Ends with the answer, throws what `done` rejects with.
   * The newest 10,000 that have not been taken are kept.
   */
  readonly acks: AsyncIterable<Ack>;
  /** Resolves when the whole body has been sent and answered; rejects with KinesisVideoError, PutMediaError, or what the body threw. */
  readonly done: Promise<void>;
}

/** Three or so come for each fragment: hours of an unattended stream, in a few megabytes. */
const MAX_UNREAD_ACKS = 10_000;

/**
 * Sends a body of Matroska bytes as they are (AWS docs, "PutMedia"), no faster than the service takes them. One connection, no
 * resumption: for that, and to send frames, use `MediaProducer`.
 */
export function putMedia(options: PutMediaOptions, body: AsyncIterable<Uint8Array>): PutMediaSession {
  const acks = new AsyncQueue<Ack>(MAX_UNREAD_ACKS);
  const done = send(options, body, acks);
  done.then(
    () => acks.close(),
    (error: unknown) => acks.fail(error),
  );
  return { acks, done };
}

async function send(options: PutMediaOptions, body: AsyncIterable<Uint8Array>, acks: AsyncQueue<Ack>): Promise<void> {
  const iterator = body[Symbol.asyncIterator]();
  try {
    const connection = await PutMediaConnection.open(options, (ack) => acks.push(ack));
    pump(connection, iterator).then(
      () => connection.end(),
      (error: Error) => connection.abort(error),
    );
    // A refusal does not wait for a body that is silent at the moment.
    await connection.finished;
  } finally {
    // Not awaited: a body that is waiting for data ends when the data comes.
    iterator.return?.().then(undefined, () => {});
  }
}

async function pump(connection: PutMediaConnection, body: AsyncIterator<Uint8Array>): Promise<void> {
  for (;;) {
    const { done, value } = await body.next();
    if (done === true || connection.isFinished) return;
    if (!connection.write(value)) await connection.drained();
  }
}
