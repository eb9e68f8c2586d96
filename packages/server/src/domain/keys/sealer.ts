import { Worker } from "node:worker_threads";
import type { SealedPart, SealingPart } from "../../storage/ports/journal.ts";
import { SlabPool } from "../slab-pool.ts";
import type { Encryption } from "./encrypt.ts";
import { sealPart } from "./seal.ts";
import type { SealOrder, SealReply } from "./seal-worker.ts";

/** Smaller parts are sealed where they are: the way to the worker and back costs more. */
const WORTH_A_WORKER = 64 * 1024;
/** Ciphertext on its way to the disk lies in slabs of this pool; parts larger than its largest slab are sealed where they are. */
const TARGETS = { smallest: WORTH_A_WORKER, largest: 2 ** 20 };
/** The worker's heap holds little more than its code: V8's defaults would let it grow without need. */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2 };

/** A worker that was lost is not followed by another sooner than this, in milliseconds: one that cannot run would be started for each part. */
const RELAUNCH_MS = 10_000;

/** Plaintext that is lent to the sealer. */
export interface Plaintext {
  readonly views: readonly Uint8Array[];
  /** Bytes of all views together. */
  readonly length: number;
  /** Called once the views are no longer read. */
  readonly end: () => void;
}

interface Job {
  readonly encryption: Encryption;
  readonly plaintext: Plaintext;
  readonly slab: Buffer;
  readonly resolve: (part: SealedPart) => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * Seals parts in a worker, so that encryption, checksums and the garbage that both leave do not hold up the sockets. The worker starts with the
 * first large part; where it fails, its parts are sealed where they are, and so are all until it is time for another.
 */
export class Sealer {
  readonly #slabs = new SlabPool(TARGETS);
  readonly #jobs = new Map<number, Job>();
  #worker: Worker | undefined;
  #online = false;
  /** When the next worker may start, on the clock of `performance`. */
  #startAt = 0;
  #orders = 0;
  readonly #relaunchMs: number;

  constructor(relaunchMs = RELAUNCH_MS) {
    this.#relaunchMs = relaunchMs;
  }

  /** Seals one part. Reads `plaintext` until it ends the loan. */
  seal(encryption: Encryption, plaintext: Plaintext): SealedPart | SealingPart {
    const { length } = plaintext;
    if (length < WORTH_A_WORKER || length > TARGETS.largest || !this.#ready()) return sealHere(encryption, plaintext);
    const slab = this.#slabs.take(length);
    const order = this.#orders++;
    const sealed = new Promise<SealedPart>((resolve, reject) => {
      this.#jobs.set(order, { encryption, plaintext, slab, resolve, reject });
    });
    const target = slab.subarray(0, length);
    const message: SealOrder = { order, ...encryption, plaintext: plaintext.views, target };
    this.#worker!.postMessage(message);
    return { length, sealed };
  }

  /** Ends the worker. Parts that it has not finished are sealed here. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#abandon();
    await worker?.terminate();
  }

  /** Whether the worker takes orders; starts it where there is none. */
  #ready(): boolean {
    if (this.#worker === undefined && performance.now() >= this.#startAt) this.#worker = this.#launch();
    return this.#online;
  }

  #launch(): Worker {
    const url = new URL("./seal-worker.ts", import.meta.url);
    const worker = new Worker(url, { execArgv: [], resourceLimits: WORKER_LIMITS });
    const lost = (): void => {
      if (this.#worker !== worker) return;
      this.#startAt = performance.now() + this.#relaunchMs;
      this.#abandon();
    };
    worker.once("online", () => {
      if (this.#worker === worker) this.#online = true;
    });
    worker.on("message", (reply: SealReply) => this.#finish(reply));
    worker.once("error", lost);
    worker.once("exit", lost);
    // Not before: to listen to messages is to wait for them.
    worker.unref();
    return worker;
  }

  #finish({ order, tag, checksum }: SealReply): void {
    const job = this.#jobs.get(order);
    if (job === undefined) return;
    this.#jobs.delete(order);
    const { encryption, plaintext, slab, resolve } = job;
    plaintext.end();
    const ciphertext = [slab.subarray(0, plaintext.length)];
    resolve({ nonce: encryption.nonce, tag, ciphertext, checksum, release: () => this.#slabs.give(slab) });
  }

  /** Lets go of the worker. What it was about to write is not used again: it may still be writing. */
  #abandon(): void {
    this.#worker = undefined;
    this.#online = false;
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    for (const { encryption, plaintext, resolve, reject } of jobs) {
      // What ended the worker may be a part that nobody can seal: it is lost alone.
      try {
        resolve(sealHere(encryption, plaintext));
      } catch (error) {
        reject(error);
      }
    }
  }
}

function sealHere(encryption: Encryption, { views, end }: Plaintext): SealedPart {
  try {
    return sealPart(encryption, views);
  } finally {
    end();
  }
}
