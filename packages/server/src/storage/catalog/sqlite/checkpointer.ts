import { open } from "node:fs/promises";
import { Worker } from "node:worker_threads";

/** When checkpoints happen. */
export interface CheckpointLimits {
  /** Time from a first write to the checkpoint that takes it into the database file. A checkpoint syncs twice. */
  readonly intervalMs: number;
  /** Written rows that call for a checkpoint before its time. */
  readonly eagerRows: number;
  /** Pages (4 KiB) of log from which writers are held up, for the moment it takes, so that the log can start over. */
  readonly holdPages: number;
}

/** One sync a second; some 100 MB of log between checkpoints at most; writers held at 64 MiB. */
const DEFAULT_LIMITS: CheckpointLimits = { intervalMs: 2000, eagerRows: 20_000, holdPages: 16_384 };

/** SQLite syncs the log before it moves it, and the file behind that (sqlite.org/wal.html). */
export const SYNCS_OF_CHECKPOINT = 2;

/** The worker runs one statement: V8's defaults would let its heap grow without need. */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 };

/** What the worker answers: pages in the log and pages of it that are in the database file now, or why it failed. */
export type CheckpointReply = { readonly log: number; readonly checkpointed: number } | { readonly error: string };

/**
 * Moves the write-ahead log of a database into its file from a second connection in a worker, so that no sync ever stops the event loop.
 * The worker starts with the first checkpoint.
 */
export class Checkpointer {
  readonly #path: string;
  readonly #limits: CheckpointLimits;
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #rows = 0;
  #running: Promise<CheckpointReply> | undefined;
  #hold: Promise<void> | undefined;
  #syncs = 0;
  #closed = false;

  constructor(path: string, limits: CheckpointLimits = DEFAULT_LIMITS) {
    this.#path = path;
    this.#limits = limits;
  }

  /** Syncs so far: two for each checkpoint, of the log and of the file that it moved into. */
  get syncs(): number {
    return this.#syncs;
  }

  /** Tells that a transaction changed about `rows` rows; none calls for no worker, whose thread would cost an idle server 20 MB. */
  written(rows: number): void {
    if (this.#closed || rows === 0) return;
    this.#rows += rows;
    if (this.#rows >= this.#limits.eagerRows) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), this.#limits.intervalMs).unref();
  }

  /** A promise to wait for before the next write, where the log has outgrown its bound. */
  pressure(): Promise<void> | undefined {
    return this.#hold;
  }

  /** Makes everything written so far durable. */
  async sync(): Promise<void> {
    const log = await open(`${this.#path}-wal`, "r");
    try {
      this.#syncs++;
      await log.datasync();
    } finally {
      await log.close();
    }
  }

  /** Ends the worker; the database may be closed then. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
    await this.#worker?.terminate();
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running !== undefined || this.#closed) return;
    this.#rows = 0;
    this.#running = this.#checkpoint();
    this.#running.then((reply) => this.#finished(reply));
  }

  #finished(reply: CheckpointReply): void {
    this.#running = undefined;
    // The log starts over with the next write once all of it is in the file; while writers go on, some of it never is.
    if (!("log" in reply) || reply.log <= this.#limits.holdPages || this.#closed) return;
    this.#running = this.#checkpoint();
    this.#hold = this.#running.then(() => {
      this.#hold = undefined;
      this.#running = undefined;
    });
  }

  /** Asks the worker for one checkpoint. The worker keeps the process alive only until it has answered. */
  #checkpoint(): Promise<CheckpointReply> {
    this.#worker ??= this.#launch();
    const worker = this.#worker;
    worker.ref();
    return new Promise((resolve) => {
      const fail = (error: Error) => {
        this.#worker = undefined;
        resolve({ error: error.message });
      };
      worker.once("error", fail);
      worker.once("message", (reply: CheckpointReply) => {
        worker.off("error", fail);
        worker.unref();
        if ("log" in reply && reply.checkpointed > 0) this.#syncs += SYNCS_OF_CHECKPOINT;
        resolve(reply);
      });
      worker.postMessage("checkpoint");
    });
  }

  #launch(): Worker {
    return new Worker(new URL("./checkpoint-worker.ts", import.meta.url), {
      workerData: this.#path,
      execArgv: [],
      resourceLimits: WORKER_LIMITS,
    });
  }
}
