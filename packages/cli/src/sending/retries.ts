import type { MediaProducer } from "@kvass/client";
import { CliError, describe, INTERRUPTED } from "../errors.ts";
import { formatBytes } from "../terminal/format.ts";

/** What is needed of the producer. */
export type RetriedProducer = Pick<MediaProducer, "statistics" | "unacknowledgedBytes" | "abort">;

/** How to try, and whom to tell. */
export interface RetriesOptions {
  /** How long the producer goes on while nothing is acknowledged, in milliseconds. */
  readonly giveUpAfterMs: number;
  /** Ends the upload; by an `AbortSignal.timeout` as a failure. */
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
}

/**
 * The connections of an upload that fail. A reason is told when it comes, and not again with each further try; an upload that is interrupted
 * while the service takes nothing ends at once, since it would wait for acknowledgements that do not come.
 */
export class Retries {
  readonly #options: RetriesOptions;
  #producer: RetriedProducer | undefined;
  #told: string | undefined;
  /** Fragments that were acknowledged when the last connection failed. */
  #acknowledged: number | undefined;
  /** The end of an upload that was interrupted while the service took nothing. */
  #interrupted: CliError | undefined;

  constructor(options: RetriesOptions) {
    this.#options = options;
  }

  /** Takes the producer whose connections these are. */
  watch(producer: RetriedProducer): void {
    this.#producer = producer;
    this.#options.signal.addEventListener("abort", () => {
      if (this.#acknowledged === producer.statistics.fragmentsAcknowledged) this.#end();
    });
  }

  /** A connection failed, and the producer is about to open another. */
  failed(error: Error): void {
    const { giveUpAfterMs, signal, note } = this.#options;
    const acknowledged = this.#producer?.statistics.fragmentsAcknowledged;
    const reason = describe(error);
    if (reason !== this.#told || acknowledged !== this.#acknowledged) {
      note(`kvass: ${reason}; trying again for up to ${giveUpAfterMs / 1000} s`);
    }
    this.#told = reason;
    this.#acknowledged = acknowledged;
    if (signal.aborted) this.#end();
  }

  /** What an upload that was given up says of what it leaves behind; nothing where the reason says so itself. */
  left(reason: unknown): string {
    const isTold = reason === this.#interrupted || this.#producer === undefined;
    return isTold || this.#producer?.unacknowledgedBytes === 0 ? "" : `, ${this.#unstored}`;
  }

  get #unstored(): string {
    return `${formatBytes(this.#producer?.unacknowledgedBytes ?? 0)} of what was sent are not stored`;
  }

  #end(): void {
    const message = `ended while the service took nothing: ${this.#unstored}`;
    // Who had set a time did not interrupt it.
    const isTime = (this.#options.signal.reason as Error).name === "TimeoutError";
    this.#interrupted = new CliError(message, isTime ? {} : { exitCode: INTERRUPTED });
    this.#producer?.abort(this.#interrupted);
  }
}
