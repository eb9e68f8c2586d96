import { DomainError } from "./errors.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Calls that wait for room on one stream; beyond it they are refused at once. */
const MAX_WAITING = 16;
/** A stream that nobody uses is forgotten after this time, when its rate of calls has recovered. In milliseconds. */
const MEMORY_MS = 1000;

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
  readonly rate: TokenBucket;
  active: number;
  waiting: number;
  vacancy: PromiseWithResolvers<void> | undefined;
}

/** Counts the calls of one operation on each stream, and refuses those that are too many. */
export class Admission {
  readonly #rules: AdmissionRules;
  readonly #streams = new Map<number, StreamCalls>();

  constructor(rules: AdmissionRules) {
    this.#rules = rules;
  }

  /**
   * Admits a call; resolves to a function that must be called once when it has ended (further calls of it do nothing).
   * Rejects with DomainError `client-limit` or `connection-limit`.
   */
  async enter(streamId: number): Promise<() => void> {
    const calls = this.#callsOn(streamId);
    const { operation, callsPerSecond } = this.#rules;
    if (!calls.rate.tryTake(Date.now())) {
      throw new DomainError("client-limit", `More than ${callsPerSecond} ${operation} calls a second on the stream.`);
    }
    await this.#waitForRoom(calls);
    calls.active++;
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      calls.active--;
      calls.vacancy?.resolve();
      calls.vacancy = undefined;
      this.#forgetLater(streamId, calls);
    };
  }

  async #waitForRoom(calls: StreamCalls): Promise<void> {
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
  }

  #callsOn(streamId: number): StreamCalls {
    let calls = this.#streams.get(streamId);
    if (calls === undefined) {
      const rate = new TokenBucket(this.#rules.callsPerSecond, Date.now());
      calls = { rate, active: 0, waiting: 0, vacancy: undefined };
      this.#streams.set(streamId, calls);
    }
    return calls;
  }

  #forgetLater(streamId: number, calls: StreamCalls): void {
    if (!isUnused(calls)) return;
    const forget = (): void => {
      if (isUnused(calls) && this.#streams.get(streamId) === calls) this.#streams.delete(streamId);
    };
    setTimeout(forget, MEMORY_MS).unref();
  }
}

const isUnused = ({ active, waiting }: StreamCalls): boolean => active === 0 && waiting === 0;

/** Resolves when a call has ended, or after `ms`. */
async function vacancy(calls: StreamCalls, ms: number): Promise<void> {
  calls.vacancy ??= Promise.withResolvers<void>();
  const timer = Promise.withResolvers<void>();
  const timeout = setTimeout(timer.resolve, ms);
  await Promise.race([calls.vacancy.promise, timer.promise]);
  clearTimeout(timeout);
}
