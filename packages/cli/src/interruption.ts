import { INTERRUPTED } from "./errors.ts";

const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM"];

/**
 * A signal that aborts at the first SIGINT or SIGTERM, so that a verb can finish what it has begun. The second one ends the
 * process at once.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return controller.signal;
}

/** Resolves at the first SIGINT or SIGTERM; see {@link interruption}. */
export function untilInterrupted(): Promise<void> {
  const signal = interruption();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
