import type { Readable } from "node:stream";
import type { LendingBody } from "./wire.ts";

/** What a consumer says of a chunk: undefined to go on, a promise (that never rejects) to be waited for, "enough" to leave the rest. */
export type Taken = Promise<void> | undefined | "enough";

/**
 * The body of an operation that takes it as a stream. Chunks come as the socket gives them: an asynchronous iteration would join what piles
 * up between its turns, and copy every byte once more.
 */
export class RequestBody {
  readonly #stream: Readable & Partial<LendingBody>;

  constructor(stream: Readable & Partial<LendingBody>) {
    this.#stream = stream;
  }

  /**
   * Gives every chunk to `take`, which must have done with it when it returns, and reads no further while it waits. Resolves at the body's
   * end, or where `take` has "enough": the stream is then paused, not destroyed, for the answer still goes over its socket. Can be called once.
   *
   * @throws what broke the connection before the body's end, or what `take` throws
   */
  consume(take: (chunk: Uint8Array) => Taken): Promise<void> {
    const stream = this.#stream;
    if (stream.destroyed || stream.readableEnded) return Promise.reject(new Error("the body is gone"));
    const lends = stream.lendChunks !== undefined;
    stream.lendChunks?.();
    return new Promise((resolve, reject) => {
      let settled = false;
      const settle = (outcome: () => void): void => {
        settled = true;
        stream.pause().off("data", onData).off("end", onEnd).off("error", onError).off("close", onClose);
        outcome();
      };
      const waitFor = (taken: Promise<void>): void => {
        stream.pause();
        void taken.then(() => {
          if (!settled) stream.resume();
        });
      };
      const onEnd = (): void => settle(resolve);
      const onError = (error: Error): void => settle(() => reject(error));
      const onClose = (): void => settle(() => reject(new Error("the connection closed before the end of the body")));
      const onData = (chunk: Uint8Array): void => {
        try {
          const taken = take(chunk);
          if (!lends) free(chunk);
          if (taken === "enough") settle(resolve);
          else if (taken !== undefined) waitFor(taken);
        } catch (error) {
          // Thrown out of here it would end the process.
          settle(() => reject(error));
        }
      };
      stream.on("data", onData).on("end", onEnd).on("error", onError).on("close", onClose);
    });
  }
}

/**
 * Gives the memory of a chunk back at once, where it has memory of its own. Left to the garbage collector, a busy body makes it run every 64 MB,
 * over the whole heap, for a few objects; and memory that was just used is warm.
 */
function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
