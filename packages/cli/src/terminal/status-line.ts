import type { WriteStream } from "node:tty";

/** Often enough to look alive, seldom enough to cost nothing. */
const REFRESH_MS = 250;
/** In a log, a line now and then says as much as a moving one on a terminal. */
const LOG_EVERY_MS = 10_000;
/** Erases what the line holds behind the cursor, also what the terminal itself wrote there, as ^C (ECMA-48, EL). */
const ERASE_TO_END = "\x1b[K";

/**
 * One line on stderr that is written anew while work goes on. Where stderr is no terminal it is written rarely, one below the
 * other, or, with `quiet`, never.
 */
export class StatusLine {
  readonly #stream: WriteStream;
  readonly #describe: () => string;
  readonly #timer: NodeJS.Timeout | undefined;
  #isShown = false;

  constructor(describe: () => string, { stream = process.stderr, quiet = false } = {}) {
    this.#stream = stream;
    this.#describe = describe;
    if (!stream.isTTY && quiet) return;
    this.#timer = setInterval(() => this.#show(), stream.isTTY ? REFRESH_MS : LOG_EVERY_MS).unref();
  }

  /** Writes a line above the status line; to where it shall last, as stdout, if that is not where the status line is. */
  note(text: string, to: NodeJS.WritableStream = this.#stream): void {
    this.#clear();
    to.write(`${text}\n`);
    if (this.#timer !== undefined && this.#stream.isTTY) this.#show();
  }

  /** Takes the line away for good. */
  stop(): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #show(): void {
    if (!this.#stream.isTTY) {
      this.#stream.write(`${this.#describe()}\n`);
      return;
    }
    // A line that wraps could not be taken back.
    const line = this.#describe().slice(0, (this.#stream.columns || 80) - 1);
    this.#stream.write(`\r${line}${ERASE_TO_END}`);
    this.#isShown = true;
  }

  #clear(): void {
    if (!this.#isShown) return;
    this.#stream.write(`\r${ERASE_TO_END}`);
    this.#isShown = false;
  }
}

/** `[=======     ] 61%` for a share from 0 to 1. */
export function bar(share: number, width = 20): string {
  const clamped = Math.min(Math.max(share, 0), 1);
  const filled = Math.round(clamped * width);
  return `[${"=".repeat(filled)}${" ".repeat(width - filled)}] ${Math.floor(clamped * 100)}%`;
}
