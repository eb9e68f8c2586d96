/** What comes again within so long is counted, in milliseconds. */
const INTERVAL_MS = 60_000;

/** What is let through. */
export interface RepeatBounds {
  /** So many events of a kind are told at once, before it is a flood. */
  readonly atOnce: number;
  /** So many kinds are told apart at a time; what else there is comes to nothing but a number. */
  readonly kinds: number;
}

/** So many more of a kind have come since the last time that it was told. */
export interface Repetition {
  readonly count: number;
  /** Length of the time in which they came. */
  readonly inSeconds: number;
}

/** Tells of an event; of a repetition where `repetition` is given, with the newest of the events, or none where they are of many kinds. */
export type TellOnce<Event> = (event: Event | undefined, repetition?: Repetition) => void;

interface Kind<Event> {
  newest: Event;
  told: number;
  /** Those that have not been told. */
  count: number;
}

/**
 * Lets the first events of each kind through at once, and tells once a minute how many more there were, until there were none. What comes beyond
 * the kinds that are told apart is counted together.
 */
export class Repeats<Event> {
  readonly #tell: TellOnce<Event>;
  readonly #bounds: RepeatBounds;
  readonly #kinds = new Map<string, Kind<Event>>();
  #others = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When what is counted began to be, on the clock of `performance`. */
  #since = 0;

  constructor(tell: TellOnce<Event>, bounds: RepeatBounds) {
    this.#tell = tell;
    this.#bounds = bounds;
  }

  /** An event has come. */
  note(kind: string, event: Event): void {
    this.#start();
    const { atOnce, kinds } = this.#bounds;
    let known = this.#kinds.get(kind);
    if (known === undefined) {
      if (this.#kinds.size >= kinds) {
        this.#others++;
        return;
      }
      known = { newest: event, told: 0, count: 0 };
      this.#kinds.set(kind, known);
    }
    known.newest = event;
    if (known.told === atOnce) known.count++;
    else {
      known.told++;
      this.#tell(event);
    }
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
    const inSeconds = Math.ceil((now - this.#since) / 1000);
    this.#since = now;
    for (const [kind, known] of this.#kinds) {
      if (known.count === 0) this.#kinds.delete(kind);
      else this.#tell(known.newest, { count: known.count, inSeconds });
      known.count = 0;
    }
    if (this.#others > 0) this.#tell(undefined, { count: this.#others, inSeconds });
    this.#others = 0;
    if (this.#kinds.size === 0) this.#stop();
  }
}
