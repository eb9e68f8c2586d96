import { open } from "node:fs/promises";
import { Worker } from "node:worker_threads";

/** Time from a first write to the checkpoint that takes it into the database file: a checkpoint syncs twice, so this is one sync a second. */
const INTERVAL_MS = 2000;
/** Written rows that call for a checkpoint before its time: some 100 MB of log at most. */
const EAGER_ROWS = 20_000;
/** Pages (4 KiB) of log from which writers are held up, for the moment it takes, so that the log can start over: 64 MiB. */
const HOLD_PAGES = 16_384;
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
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #rows = 0;
  #running: Promise<CheckpointReply> | undefined;
  #hold: Promise<void> | undefined;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Tells that a transaction changed about `rows` rows; none calls for no worker, whose thread would cost an idle server 20 MB. */
  written(rows: number): void {
    if (this.#closed || rows === 0) return;
    this.#rows += rows;
    if (this.#rows >= EAGER_ROWS) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), INTERVAL_MS).unref();
  }

  /** A promise to wait for before the next write, where the log has outgrown its bound. */
  pressure(): Promise<void> | undefined {
    return this.#hold;
  }

  /** Makes everything written so far durable. */
  async sync(): Promise<void> {
    const log = await open(`${this.#path}-wal`, "r");
    try {
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
    // A log that was taken over whole starts over with the next write; one that grew meanwhile does so only once no write comes between.
    const grown = "log" in reply && reply.log > HOLD_PAGES && reply.checkpointed < reply.log;
    if (!grown || this.#hold !== undefined) return;
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
