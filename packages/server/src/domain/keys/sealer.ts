import type { SealedPart, SealingPart } from "../../storage/ports/journal.ts";
import { SlabPool } from "../slab-pool.ts";
import type { Encryption } from "./encrypt.ts";
import { sealPart } from "./seal.ts";
import type { SealOrder, SealReply } from "./seal-worker.ts";
import { WorkerLine } from "./worker-line.ts";

/** Smaller parts are sealed where they are: the way to the worker and back costs more. */
const WORTH_A_WORKER = 64 * 1024;
/** Ciphertext on its way to the disk lies in slabs of this pool; parts larger than its largest slab are sealed where they are. */
const TARGETS = { smallest: WORTH_A_WORKER, largest: 2 ** 20 };

/** Plaintext that is lent to the sealer. */
export interface Plaintext {
  readonly views: readonly Uint8Array[];
  /** Bytes of all views together. */
  readonly length: number;
  /** Called once the views are no longer read. */
  readonly end: () => void;
}

/**
 * Seals parts in a worker, so that encryption, checksums and the garbage that both leave do not hold up the sockets. The worker starts with the
 * first large part; where it fails, its parts are sealed where they are, and so are all until it is time for another.
 */
export class Sealer {
  readonly #slabs = new SlabPool(TARGETS);
  readonly #worker: WorkerLine<SealOrder, SealReply>;

  /** @param relaunchMs how soon a worker follows one that was lost, if not after the usual time */
  constructor(relaunchMs?: number) {
    this.#worker = new WorkerLine(new URL("./seal-worker.ts", import.meta.url), relaunchMs);
  }

  /** Seals one part. Reads `plaintext` until it ends the loan. */
  seal(encryption: Encryption, plaintext: Plaintext): SealedPart | SealingPart {
    const { length } = plaintext;
    const isSuited = length >= WORTH_A_WORKER && length <= TARGETS.largest;
    if (!isSuited || !this.#worker.ready()) return sealHere(encryption, plaintext);
    return { length, sealed: this.#sealThere(encryption, plaintext) };
  }

  /** Ends the worker. Parts that it has not finished are sealed here. */
  async close(): Promise<void> {
    await this.#worker.close();
  }

  async #sealThere(encryption: Encryption, plaintext: Plaintext): Promise<SealedPart> {
    const slab = this.#slabs.take(plaintext.length);
    const target = slab.subarray(0, plaintext.length);
    let reply: SealReply;
    try {
      reply = await this.#worker.request({ ...encryption, plaintext: plaintext.views, target });
    } catch {
      // The slab is not used again: the worker may still be writing to it. What ended it may be a part that nobody can seal: that is lost alone.
      return sealHere(encryption, plaintext);
    }
    plaintext.end();
    const { nonce } = encryption;
    return { nonce, ...reply, ciphertext: [target], release: () => this.#slabs.give(slab) };
  }
}

function sealHere(encryption: Encryption, { views, end }: Plaintext): SealedPart {
  try {
    return sealPart(encryption, views);
  } finally {
    end();
  }
}
