import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { FsckReport } from "@kvass/server/fsck";
import { resolveSettings } from "@kvass/server/settings";
import type { Command } from "commander";
import { CliError } from "../errors.ts";
import { describeChanges, describeDamage, describeTotal, nextSteps } from "../fsck/describe-report.ts";
import { count, formatBytes } from "../terminal/format.ts";
import { shellWord } from "../terminal/shell.ts";
import { StatusLine } from "../terminal/status-line.ts";

interface Flags {
  readonly config?: string;
  readonly data?: string;
  readonly rebuildIndex?: boolean;
}

/** `kvass fsck`: verifies a data folder that no server uses. Exits with 1 where anything is damaged. */
export function configure(command: Command): void {
  command
    .option("--config <FILE>", "JSON file of the server's settings, for its data folder [KVASS_CONFIG]")
    .option("--data <DIR>", "data folder to check [KVASS_DATA; default ~/.kvass]")
    .option("--rebuild-index", "first make the fragment index anew from the journal")
    .addHelpText("after", "\nReads the whole archive: every record's checksum and seal, and the index both ways.")
    .action(check);
}

async function check({ config: configFile, data, rebuildIndex = false }: Flags): Promise<void> {
  const flags = data === undefined ? {} : { data };
  const dataDir = resolve(resolveSettings({ flags, environment: process.env, configFile }).data);
  if (!existsSync(join(dataDir, "catalog.db"))) throw new CliError(`${dataDir} is no data folder of Kvass`);
  const { fsck } = await import("@kvass/server/fsck");
  let progress = "reading";
  const status = new StatusLine(() => `kvass fsck: ${progress}`, { quiet: true });
  try {
    const report = await fsck({
      dataDir,
      rebuildIndex,
      onProgress: ({ segments, fragments, bytes }) => {
        progress = `${count(segments, "segment")}, ${count(fragments, "fragment")}, ${formatBytes(bytes)}`;
      },
    });
    status.stop();
    print(report, dataDir, rebuildIndex);
    if (!report.ok) process.exitCode = 1;
  } catch (error) {
    // The lock tells, and not the server's file: that may be left of a server that was killed, and its process id be another's by now.
    if ((error as Error).name === "FolderLocked") throw new CliError(`a server runs over ${dataDir}; stop it first`);
    throw error;
  } finally {
    status.stop();
  }
}

function print(report: FsckReport, dataDir: string, rebuildIndex: boolean): void {
  const changes = describeChanges(report, rebuildIndex);
  const more = report.damageCount - report.damages.length;
  const lines = [
    ...(changes === undefined ? [] : [`${dataDir}: ${changes}`]),
    ...report.damages.map(describeDamage),
    ...(more === 0 ? [] : [`... and ${more} more`]),
    ...nextSteps(report, { rebuildIndex, fsck: `kvass fsck --data ${shellWord(dataDir)}` }).map(
      (step) => `next: ${step}`,
    ),
    `${dataDir}: ${describeTotal(report)}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
