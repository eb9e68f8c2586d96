import { writeSync } from "node:fs";

/** Longest that a line waits for whoever reads the log behind a pipe that does not block, in milliseconds: as long nothing else is done. */
const PATIENCE_MS = 1000;
/** Time between two tries, in milliseconds. */
const RETRY_MS = 10;

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

  /** Waits where it must, but not again for a reader that had its time. */
  #writeWhenTaken(bytes: Uint8Array): number {
    const deadline = this.#now() + (this.#lost > 0 ? 0 : PATIENCE_MS);
    while (true) {
      try {
        return this.#writeSome(bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || this.#now() >= deadline) throw error;
        Atomics.wait(SLEEP, 0, 0, RETRY_MS);
      }
    }
  }
}

const NEWLINE = 0x0a;
/** Nobody wakes who waits on it. */
const SLEEP = new Int32Array(new SharedArrayBuffer(4));

const lossLine = (count: number): string =>
  `${JSON.stringify({ level: 50, time: new Date().toISOString(), count, msg: "lines of the log were lost" })}\n`;
