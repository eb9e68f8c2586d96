import { setTimeout as delay } from "node:timers/promises";
import type { Running } from "./command-line.ts";

const LOOK_EVERY_MS = 50;
/** Below what ends a test that hangs, so that it is told what has not come. */
const PATIENCE_MS = 200_000;

/** Waits for something that comes sooner or later, however slow the machine is. Rejects with `what` where it never does. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !(await condition()); await delay(LOOK_EVERY_MS)) {
    if (performance.now() > end) throw new Error(`never came: ${what}`);
  }
}

/** Resolves once a program has said something on standard error, or has ended. */
export async function untilItSpeaks({ process, ended }: Running): Promise<void> {
  await Promise.race([new Promise((resolve) => process.stderr!.once("data", resolve)), ended]);
}
