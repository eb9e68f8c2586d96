import { KinesisVideoError, PutMediaError } from "./errors.ts";

const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 10_000;

/** How long to wait after the `failures`-th failure in a row, from 0: doubling, and spread so that many producers do not return at once. */
export function retryDelayMs(failures: number, random: () => number = Math.random): number {
  const full = Math.min(FIRST_DELAY_MS * 2 ** failures, LONGEST_DELAY_MS);
  return full * (0.5 + random() / 2);
}

/** ERROR acknowledgements that concern one fragment: the next connection goes on without it. */
const FRAGMENT_REFUSED = new Set([4001, 4002, 4004, 4006, 4009, 4011]);
/** Those that a new connection may overcome: read error, the connection's age, faults of the service. */
const TRANSIENT = new Set([4000, 4003, 5000, 5001]);

/** What to do after a connection ended with this error (AWS docs, "PutMedia", "Response syntax", for the ids). */
export function afterError(error: Error): "retry" | "discard-fragment" | "fail" {
  if (error instanceof PutMediaError) {
    const id = error.ack.errorId ?? 0;
    if (TRANSIENT.has(id)) return "retry";
    return FRAGMENT_REFUSED.has(id) ? "discard-fragment" : "fail";
  }
  // Anything else is the credential provider or a fault of this program; trying again would hide it.
  return error instanceof KinesisVideoError && error.retryable ? "retry" : "fail";
}
