import { writeSync } from "node:fs";

/** Time between two tries where the log goes to a pipe that does not block and is full, in milliseconds: nothing else is done meanwhile. */
const RETRY_MS = 10;
/** Most tries in {@link INTERVAL_MS}, a second in all: a reader that is merely slow would hold up the whole server with each line. */
const MAX_RETRIES = 100;
/** In milliseconds. */
const INTERVAL_MS = 60_000;

/** Writes some of the bytes and returns how many; throws the system's error. */
export type WriteSome = (bytes: Uint8Array) => number;

/**
 * Where the lines of a log go. What cannot be written (a full disk, a reader that is gone) is lost and counted, and never an error of whoever had
 * something to tell: the server goes on without its log, and the log says how much it lacks once it takes lines again. Nothing is kept meanwhile.
 */
export class LogDestination {
  readonly #writeSome: WriteSome;
  readonly #now: () => number;
  #lost = 0;
  #retries = MAX_RETRIES;
  /** When all of them may be had again, on the clock of `performance`. */
  #renewAt = 0;
  /** Whether the last line that was begun lacks its end. */
  #isCut = false;

  constructor(fd: number, writeSome: WriteSome = (bytes) => writeSync(fd, bytes), now = () => performance.now()) {
    this.#writeSome = writeSome;
    this.#now = now;
  }

  /** Writes a line, which ends with its newline. Never throws. */
  write(line: string): void {
    if (this.#lost > 0 && this.#put(lossLine(this.#lost))) this.#lost = 0;
    if (this.#lost > 0 || !this.#put(line)) this.#lost++;
  }

  /** @returns whether all of it was written */
  #put(line: string): boolean {
    const bytes = Buffer.from(this.#isCut ? `\n${line}` : line);
    let written = 0;
    try {
      while (written < bytes.length) written += this.#writeWhenTaken(bytes.subarray(written));
    } catch {
      // There is no other place to tell of it.
    }
    if (written > 0) this.#isCut = written < bytes.length && bytes[written - 1] !== NEWLINE;
    return written === bytes.length;
  }

  #writeWhenTaken(bytes: Uint8Array): number {
    while (true) {
      try {
        return this.#writeSome(bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || !this.#mayRetry()) throw error;
        Atomics.wait(SLEEP, 0, 0, RETRY_MS);
      }
    }
  }

  /** Not where lines have been lost: the reader had its time. */
  #mayRetry(): boolean {
    const now = this.#now();
    if (now >= this.#renewAt) {
      this.#retries = MAX_RETRIES;
      this.#renewAt = now + INTERVAL_MS;
    }
    return this.#lost === 0 && this.#retries-- > 0;
  }
}

const NEWLINE = 0x0a;
/** Nobody wakes who waits on it. */
const SLEEP = new Int32Array(new SharedArrayBuffer(4));

const lossLine = (count: number): string =>
  `${JSON.stringify({ level: 50, time: new Date().toISOString(), count, msg: "lines of the log were lost" })}\n`;
