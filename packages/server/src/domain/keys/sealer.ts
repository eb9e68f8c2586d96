import type { SealedPart, SealingPart } from "../../storage/ports/journal.ts";
import { SlabPool } from "../slab-pool.ts";
import type { Encryption } from "./encrypt.ts";
import { sealPart } from "./seal.ts";
import { type SealOfPart, sealInto } from "./seal-into.ts";
import type { SealOrder } from "./seal-worker.ts";
import { WorkerLine, type WorkerLineOptions } from "./worker-line.ts";

/** Smaller parts are sealed where they are, in a tenth of a millisecond: the way to the worker and back wakes two threads. */
const WORTH_A_WORKER = 512 * 1024;
/** Ciphertext on its way to the disk lies in slabs of this pool, but for parts that are so small that they are no burden as garbage, or unusually large. */
const TARGETS = { smallest: 16 * 1024, largest: 2 ** 20 };

/** Plaintext that is lent to the sealer. */
export interface Plaintext {
  readonly views: readonly Uint8Array[];
  /** Bytes of all views together. */
  readonly length: number;
  /** Called once the views are no longer read. */
  readonly end: () => void;
}

/**
 * Seals parts, large ones in a worker, so that encryption and checksums do not hold up the sockets. The worker starts with the first of them;
 * where it fails, its parts are sealed where they are, and so are all until it is time for another.
 */
export class Sealer {
  readonly #slabs = new SlabPool(TARGETS);
  readonly #worker: WorkerLine<SealOrder, SealOfPart>;

  constructor(options: WorkerLineOptions = {}) {
    this.#worker = new WorkerLine("sealer", new URL("./seal-worker.ts", import.meta.url), options);
  }

  /** Seals one part. Reads `plaintext` until it ends the loan. */
  seal(encryption: Encryption, plaintext: Plaintext): SealedPart | SealingPart {
    const { length } = plaintext;
    if (length < TARGETS.smallest || length > TARGETS.largest)
      return lent(plaintext, () => sealPart(encryption, plaintext.views));
    if (length < WORTH_A_WORKER || !this.#worker.ready()) return this.#sealHere(encryption, plaintext);
    return { length, sealed: this.#sealThere(encryption, plaintext) };
  }

  /** Ends the worker. Parts that it has not finished are sealed here. */
  async close(): Promise<void> {
    await this.#worker.close();
  }

  #sealHere(encryption: Encryption, plaintext: Plaintext): SealedPart {
    const slab = this.#slabs.take(plaintext.length);
    const target = slab.subarray(0, plaintext.length);
    try {
      const seal = lent(plaintext, () => sealInto(encryption, plaintext.views, target));
      return this.#sealed(encryption, seal, slab, target);
    } catch (error) {
      this.#slabs.give(slab);
      throw error;
    }
  }

  async #sealThere(encryption: Encryption, plaintext: Plaintext): Promise<SealedPart> {
    const slab = this.#slabs.take(plaintext.length);
    const target = slab.subarray(0, plaintext.length);
    let seal: SealOfPart;
    try {
      seal = await this.#worker.request({ ...encryption, plaintext: plaintext.views, target });
    } catch {
      // The slab is not used again: the worker may still be writing to it. What ended it may be a part that nobody can seal: that is lost alone.
      return this.#sealHere(encryption, plaintext);
    }
    plaintext.end();
    return this.#sealed(encryption, seal, slab, target);
  }

  #sealed({ nonce }: Encryption, seal: SealOfPart, slab: Buffer, target: Uint8Array): SealedPart {
    return { nonce, ...seal, ciphertext: [target], release: () => this.#slabs.give(slab) };
  }
}

/** What `make` makes while the plaintext is lent; ends the loan. */
function lent<Made>({ end }: Plaintext, make: () => Made): Made {
  try {
    return make();
  } finally {
    end();
  }
}
