import { resolve } from "node:path";
import type { Command } from "commander";
import { defaultDataDir } from "../discovery.ts";

interface Flags {
  readonly data?: string;
  readonly listen: string;
}

/** `kvass doctor`: checks what Kvass needs of this machine. Exits with 1 where something would keep it from working. */
export function configure(command: Command): void {
  command
    .option("--data <DIR>", "data folder to look at (default: KVASS_DATA, ~/.kvass)")
    .option("--listen <HOST:PORT>", "address that the server shall listen on", "127.0.0.1:8400")
    .action(async ({ data, listen }: Flags) => {
      const { examine } = await import("../doctor/examine.ts");
      const dataDir = resolve(data ?? defaultDataDir(process.env));
      let failed = false;
      for await (const { name, verdict, detail } of examine({ dataDir, listen })) {
        process.stdout.write(`${verdict.padEnd(4)}  ${name.padEnd(12)}  ${detail}\n`);
        failed ||= verdict === "FAIL";
      }
      if (failed) process.exitCode = 1;
    });
}
