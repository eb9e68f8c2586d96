import { DomainError } from "./errors.ts";
import { KeyedRate } from "./keyed-rate.ts";

/** Calls that wait for room on one stream; beyond it they are refused at once. */
const MAX_WAITING = 16;

/** What an operation allows on each stream. */
export interface AdmissionRules {
  /** For messages, as in `PutMedia`. */
  readonly operation: string;
  /** Calls that may be in progress at once. Infinity for no bound. */
  readonly maxConcurrent: number;
  /** Calls that may begin in a second. Infinity for no bound. */
  readonly callsPerSecond: number;
  /** A call above `maxConcurrent` waits so long for another one to end, in milliseconds. */
  readonly waitMs: number;
}

/** The calls on one stream. */
interface StreamCalls {
  active: number;
  waiting: number;
  vacancy: PromiseWithResolvers<void> | undefined;
}

/** Counts the calls of one operation on each stream, and refuses those that are too many. */
export class Admission {
  readonly #rules: AdmissionRules;
  readonly #rate: KeyedRate<number>;
  /** The streams with calls in progress. */
  readonly #streams = new Map<number, StreamCalls>();

  constructor(rules: AdmissionRules) {
    this.#rules = rules;
    this.#rate = new KeyedRate(rules.callsPerSecond);
  }

  /**
   * Admits a call; resolves to a function that must be called once when it has ended (further calls of it do nothing).
   * Rejects with DomainError `client-limit` or `connection-limit`.
   */
  async enter(streamId: number): Promise<() => void> {
    const { operation, callsPerSecond } = this.#rules;
    if (!this.#rate.tryTake(streamId, Date.now())) {
      throw new DomainError("client-limit", `More than ${callsPerSecond} ${operation} calls a second on the stream.`);
    }
    const calls = this.#callsOn(streamId);
    await this.#takeRoom(calls);
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      calls.active--;
      calls.vacancy?.resolve();
      calls.vacancy = undefined;
      if (calls.active === 0 && calls.waiting === 0) this.#streams.delete(streamId);
    };
  }

  /** Counts a call in as soon as there is room: in the same step in which it is seen, so that no two take the same. */
  async #takeRoom(calls: StreamCalls): Promise<void> {
    const { operation, maxConcurrent, waitMs } = this.#rules;
    const deadline = Date.now() + waitMs;
    while (calls.active >= maxConcurrent) {
      const left = deadline - Date.now();
      if (left <= 0 || calls.waiting >= MAX_WAITING) {
        const message = `The stream has ${maxConcurrent} ${operation} connections, as many as are allowed.`;
        throw new DomainError("connection-limit", message);
      }
      calls.waiting++;
      await vacancy(calls, left);
      calls.waiting--;
    }
    calls.active++;
  }

  #callsOn(streamId: number): StreamCalls {
    let calls = this.#streams.get(streamId);
    if (calls === undefined) {
      calls = { active: 0, waiting: 0, vacancy: undefined };
      this.#streams.set(streamId, calls);
    }
    return calls;
  }
}

/** Resolves when a call has ended, or after `ms`. */
async function vacancy(calls: StreamCalls, ms: number): Promise<void> {
  calls.vacancy ??= Promise.withResolvers<void>();
  const timer = Promise.withResolvers<void>();
  const timeout = setTimeout(timer.resolve, ms);
  await Promise.race([calls.vacancy.promise, timer.promise]);
  clearTimeout(timeout);
}
