import { type ResourceLimits, Worker } from "node:worker_threads";
import type { DomainEvents, Tell } from "../events/events.ts";

/** The heap of most workers holds little more than its code: V8's defaults would let it grow without need. */
const WORKER_LIMITS: ResourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2 };
/** A worker that was lost is not followed by another sooner than this, in milliseconds: one that cannot run would be started for each order. */
const RELAUNCH_MS = 10_000;

/** The worker ended before it was done with an order, which it may still have been working on. */
export class WorkerLost extends Error {
  override readonly name = "WorkerLost";
}

/** An order on its way to the worker. */
export interface NumberedOrder<Order> {
  readonly number: number;
  readonly order: Order;
}

/** What the worker answers to it. */
export interface NumberedReply<Reply> {
  readonly number: number;
  readonly reply: Reply;
}

/** How a worker is run. */
export interface WorkerLineOptions {
  /** How soon a worker follows one that was lost, in milliseconds, if not after the usual time. */
  readonly relaunchMs?: number | undefined;
  /** Of its heap, if not those for little more than its code. */
  readonly limits?: ResourceLimits | undefined;
  readonly tell?: Tell | undefined;
}

/**
 * Orders to one worker and its replies. The worker starts when it is first asked for, and another one some time after it was lost; it keeps no
 * process alive.
 */
export class WorkerLine<Order, Reply> {
  readonly #name: DomainEvents["worker lost"]["worker"];
  readonly #script: URL;
  readonly #relaunchMs: number;
  readonly #tell: Tell | undefined;
  readonly #limits: ResourceLimits;
  readonly #waiting = new Map<number, PromiseWithResolvers<Reply>>();
  #worker: Worker | undefined;
  #online = false;
  /** When the next worker may start, on the clock of `performance`. */
  #startAt = 0;
  #orders = 0;
  /** From the loss of a worker until another one takes orders: it is told once. */
  #isLost = false;

  /** @param script takes `NumberedOrder` messages, and posts a `NumberedReply` to each */
  constructor(
    name: DomainEvents["worker lost"]["worker"],
    script: URL,
    { relaunchMs = RELAUNCH_MS, limits = WORKER_LIMITS, tell }: WorkerLineOptions = {},
  ) {
    this.#name = name;
    this.#script = script;
    this.#relaunchMs = relaunchMs;
    this.#limits = limits;
    this.#tell = tell;
  }

  /** Whether the worker takes orders; starts it where there is none. */
  ready(): boolean {
    if (this.#worker === undefined && performance.now() >= this.#startAt) this.#launch();
    return this.#online;
  }

  /** Has an order done, for which the memory of `moved` goes to the worker. Rejects with `WorkerLost`. Only while it is `ready`. */
  request(order: Order, moved: readonly ArrayBuffer[] = []): Promise<Reply> {
    const number = this.#orders++;
    const reply = Promise.withResolvers<Reply>();
    this.#waiting.set(number, reply);
    const message: NumberedOrder<Order> = { number, order };
    this.#worker!.postMessage(message, moved);
    return reply.promise;
  }

  /** Ends the worker, and starts no other; what it has not replied to is lost. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#startAt = Number.POSITIVE_INFINITY;
    this.#abandon(new WorkerLost("the server is stopping"));
    await worker?.terminate();
  }

  #launch(): void {
    let worker: Worker;
    try {
      worker = new Worker(this.#script, { execArgv: [], resourceLimits: this.#limits });
    } catch (error) {
      // No thread to be had, for now: whoever has orders does without.
      this.#startAt = performance.now() + this.#relaunchMs;
      this.#tellLoss(error);
      return;
    }
    this.#worker = worker;
    const lost = (cause: unknown): void => {
      if (this.#worker !== worker) return;
      this.#startAt = performance.now() + this.#relaunchMs;
      this.#abandon(new WorkerLost("the worker ended", { cause }));
      this.#tellLoss(cause);
    };
    worker.once("online", () => {
      if (this.#worker !== worker) return;
      this.#online = true;
      if (this.#isLost) this.#tell?.("worker restarted", { worker: this.#name });
      this.#isLost = false;
    });
    worker.on("message", ({ number, reply }: NumberedReply<Reply>) => {
      this.#waiting.get(number)?.resolve(reply);
      this.#waiting.delete(number);
    });
    worker.once("error", lost);
    worker.once("exit", lost);
    // Not before: to listen to messages is to wait for them.
    worker.unref();
  }

  /** @param cause what the worker threw, or its exit code */
  #tellLoss(cause: unknown): void {
    const message = cause instanceof Error ? cause.message : `it ended with ${cause}`;
    if (!this.#isLost) this.#tell?.("worker lost", { worker: this.#name, message });
    this.#isLost = true;
  }

  #abandon(loss: WorkerLost): void {
    this.#worker = undefined;
    this.#online = false;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(loss);
  }
}
