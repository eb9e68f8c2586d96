import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { DEMO_DATA_DIR } from "../discovery.ts";
import { interruption } from "../interruption.ts";

interface Flags {
  readonly data: string;
  readonly listen: string;
  readonly seconds?: number;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("expected a number above 0");
  return value;
}

/** `kvass demo`: a server with a synthetic live camera in it, until ^C. */
export function configure(command: Command): void {
  command
    .option("--data <DIR>", "data folder of the demo's server", DEMO_DATA_DIR)
    .option("--listen <HOST:PORT>", "address to listen on; another port where it is taken", "127.0.0.1:8400")
    .option("--seconds <N>", "end after so many seconds", seconds)
    .action(async (flags: Flags) => {
      const signal = interruption();
      const { runDemo } = await import("../demo/run-demo.ts");
      await runDemo({ ...flags, data: resolve(flags.data), signal });
    });
}
