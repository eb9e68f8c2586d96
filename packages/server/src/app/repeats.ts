/** What comes again within so long is counted, in milliseconds. */
const INTERVAL_MS = 60_000;
/** Kinds that are told apart at a time: whoever makes up new ones cannot fill a log, with some 200 lines a minute, nor the memory. */
const MAX_KINDS = 100;

/** So many more of a kind have come since the last time that it was told. */
export interface Repetition {
  readonly count: number;
  /** Length of the time in which they came. */
  readonly seconds: number;
}

/** Tells of an event; of a repetition where `repetition` is given, with the newest of the events, or none where they are of many kinds. */
export type TellOnce<Event> = (event: Event | undefined, repetition?: Repetition) => void;

interface Kind<Event> {
  newest: Event;
  count: number;
}

/**
 * Lets the first event of each kind through at once, and tells once a minute how many more there were, until none comes any more. What comes
 * beyond the kinds that are told apart is counted together.
 */
export class Repeats<Event> {
  readonly #tell: TellOnce<Event>;
  readonly #kinds = new Map<string, Kind<Event>>();
  #others = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When what is counted began to be, on the clock of `performance`. */
  #since = 0;

  constructor(tell: TellOnce<Event>) {
    this.#tell = tell;
  }

  /** An event has come. */
  note(kind: string, event: Event): void {
    this.#start();
    const known = this.#kinds.get(kind);
    if (known !== undefined) {
      known.newest = event;
      known.count++;
    } else if (this.#kinds.size < MAX_KINDS) {
      this.#kinds.set(kind, { newest: event, count: 0 });
      this.#tell(event);
    } else this.#others++;
  }

  /** Tells what is counted, and forgets all. */
  close(): void {
    this.#flush();
    this.#kinds.clear();
    this.#stop();
  }

  #start(): void {
    if (this.#timer !== undefined) return;
    this.#since = performance.now();
    this.#timer = setInterval(() => this.#flush(), INTERVAL_MS).unref();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Tells what is counted, and forgets the kinds that have not come again. */
  #flush(): void {
    const now = performance.now();
    const seconds = Math.ceil((now - this.#since) / 1000);
    this.#since = now;
    for (const [kind, known] of this.#kinds) {
      if (known.count === 0) this.#kinds.delete(kind);
      else this.#tell(known.newest, { count: known.count, seconds });
      known.count = 0;
    }
    if (this.#others > 0) this.#tell(undefined, { count: this.#others, seconds });
    this.#others = 0;
    if (this.#kinds.size === 0) this.#stop();
  }
}
