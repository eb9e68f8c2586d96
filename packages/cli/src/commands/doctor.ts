import { resolve } from "node:path";
import { resolveSettings } from "@kvass/server/settings";
import type { Command } from "commander";

interface Flags {
  readonly config?: string;
  readonly data?: string;
  readonly listen?: string;
  readonly ffmpeg?: string;
}

/** `kvass doctor`: checks what Kvass needs of this machine. Exits with 1 where something would keep it from working. */
export function configure(command: Command): void {
  command
    .option("--config <FILE>", "JSON file of the server's settings [KVASS_CONFIG]")
    .option("--data <DIR>", "data folder to look at [KVASS_DATA; default ~/.kvass]")
    .option("--listen <HOST:PORT>", "address that the server shall listen on [KVASS_LISTEN; default 127.0.0.1:8400]")
    .option("--ffmpeg <PATH>", "program that decodes pictures for GetImages [KVASS_FFMPEG; default ffmpeg]")
    .action(async ({ config: configFile, ...flags }: Flags) => {
      const { examine } = await import("../doctor/examine.ts");
      const found = resolveSettings({ flags, environment: process.env, configFile });
      let failed = false;
      const settings = { ...found, data: resolve(found.data) };
      for await (const { name, verdict, detail } of examine(settings, flags.listen !== undefined)) {
        process.stdout.write(`${verdict.padEnd(4)}  ${name.padEnd(12)}  ${detail}\n`);
        failed ||= verdict === "FAIL";
      }
      if (failed) process.exitCode = 1;
    });
}
