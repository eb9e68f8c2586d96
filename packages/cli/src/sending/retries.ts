import type { MediaProducer } from "@kvass/client";
import { CliError, describe, INTERRUPTED } from "../errors.ts";
import { formatBytes } from "../terminal/format.ts";

/** What is needed of the producer. */
export type RetriedProducer = Pick<MediaProducer, "statistics" | "unacknowledgedBytes" | "abort">;

/** How to try, and whom to tell. */
export interface RetriesOptions {
  /** How long the producer goes on while nothing is acknowledged, in milliseconds. */
  readonly giveUpAfterMs: number;
  /** Ends the upload. */
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

  #end(): void {
    const producer = this.#producer;
    const left = formatBytes(producer?.unacknowledgedBytes ?? 0);
    const message = `ended while the service took nothing: ${left} of what was sent are not stored`;
    producer?.abort(new CliError(message, { exitCode: INTERRUPTED }));
  }
}
