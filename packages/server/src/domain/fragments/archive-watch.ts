import type { Journal, JournalUnavailable } from "../../storage/ports/journal.ts";
import type { Tell } from "../events/events.ts";

/** Time between two looks, in milliseconds. */
const LOOK_MS = 1000;
/**
 * It is told that data is taken again once that has gone on for so long, in milliseconds: what comes and goes at the edge of a full disk would
 * fill the log.
 */
const SETTLE_MS = 10_000;

/** What a watch needs. */
export interface ArchiveWatchOptions {
  readonly journal: Pick<Journal, "unavailable">;
  readonly tell: Tell;
  /** Milliseconds of a clock that nobody sets. */
  readonly now?: () => number;
}

/** Tells when the archive takes no data, why, and for how long that was so. */
export class ArchiveWatch {
  readonly #options: ArchiveWatchOptions;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  /** Since when it takes no data, until it is told that it does again. */
  #refusesSince: number | undefined;
  #takesSince: number | undefined;
  /** Why it took no data, as far as that was told. */
  readonly #reasons = new Set<JournalUnavailable["reason"]>();

  constructor(options: ArchiveWatchOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Looks from now on, again and again. */
  start(): void {
    this.#timer ??= setInterval(() => this.look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Looks once. */
  look(): void {
    const { unavailable } = this.#options.journal;
    if (unavailable !== undefined) this.#refuses(unavailable);
    else if (this.#refusesSince !== undefined) this.#takes(this.#refusesSince);
  }

  #refuses({ reason, message }: JournalUnavailable): void {
    if (reason === "closed") return;
    this.#takesSince = undefined;
    this.#refusesSince ??= this.#now();
    if (this.#reasons.has(reason)) return;
    this.#reasons.add(reason);
    this.#options.tell("archive takes no data", { reason, message });
  }

  #takes(refusedSince: number): void {
    const now = this.#now();
    this.#takesSince ??= now;
    if (now - this.#takesSince < SETTLE_MS) return;
    const seconds = Math.round((this.#takesSince - refusedSince) / 1000);
    this.#refusesSince = undefined;
    this.#takesSince = undefined;
    this.#reasons.clear();
    this.#options.tell("archive takes data again", { seconds });
  }
}
