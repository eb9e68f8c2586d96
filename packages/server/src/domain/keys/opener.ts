import type { KeyObject } from "node:crypto";
import type { StoredPart } from "../../storage/ports/journal.ts";
import { decryptInPlace } from "./decrypt.ts";
import type { OpenOrder, OpenReply } from "./open-worker.ts";
import { brokenSeal, decryptionOf } from "./seal.ts";
import { WorkerLine, type WorkerLineOptions } from "./worker-line.ts";

/** Smaller parts are opened where they are, in less than a tenth of a millisecond: the way to the worker and back wakes two threads. */
const WORTH_A_WORKER = 256 * 1024;

/**
 * Opens parts in a worker, so that those who read the archive do not hold up the sockets of those who write to it. The worker starts with the
 * first large part.
 */
export class Opener {
  readonly #worker: WorkerLine<OpenOrder, OpenReply>;

  constructor(options: WorkerLineOptions = {}) {
    this.#worker = new WorkerLine("opener", new URL("./open-worker.ts", import.meta.url), options);
  }

  /**
   * The plaintext of a part, in the memory of its ciphertext. At once, without a promise, where the worker is not needed. The memory of large
   * parts goes to the worker and back: views of it that others hold come to nothing.
   *
   * @throws RecordDamaged where the seal does not hold: other key, altered bytes, or a part that was sealed as another one
   * @throws WorkerLost where the worker ended over it: the part must be read again
   */
  open(key: KeyObject, stored: StoredPart): Promise<Uint8Array> | Uint8Array {
    const { ciphertext: bytes } = stored;
    const decryption = decryptionOf(key, stored);
    if (bytes.length >= WORTH_A_WORKER && this.#worker.ready())
      return this.#openThere({ ...decryption, bytes }, stored);
    if (!decryptInPlace(decryption, bytes)) throw brokenSeal(stored);
    return bytes;
  }

  /** Ends the worker: what it has not finished is lost, and what comes later is opened without it. */
  async close(): Promise<void> {
    await this.#worker.close();
  }

  async #openThere(order: OpenOrder, stored: StoredPart): Promise<Uint8Array> {
    const { bytes, holds } = await this.#worker.request(order, [order.bytes.buffer]);
    if (!holds) throw brokenSeal(stored);
    return bytes;
  }
}
