import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { defaultDataDir } from "../discovery.ts";
import { CliError } from "../errors.ts";
import { count, formatBytes } from "../terminal/format.ts";
import { StatusLine } from "../terminal/status-line.ts";

interface Flags {
  readonly data?: string;
  readonly rebuildIndex?: boolean;
}

/** `kvass fsck`: verifies a data folder that no server uses. Exits with 1 where anything is damaged. */
export function configure(command: Command): void {
  command
    .option("--data <DIR>", "data folder to check (default: KVASS_DATA, ~/.kvass)")
    .option("--rebuild-index", "first make the fragment index anew from the journal")
    .addHelpText("after", "\nReads the whole archive: every record's checksum and seal, and the index both ways.")
    .action(check);
}

async function check({ data, rebuildIndex = false }: Flags): Promise<void> {
  const dataDir = resolve(data ?? defaultDataDir(process.env));
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
    if (rebuildIndex) {
      const { fragments } = report.recovery;
      process.stdout.write(`${dataDir}: the index was made anew from the journal, ${count(fragments, "fragment")}\n`);
    }
    for (const damage of report.damages) process.stdout.write(`${describeDamage(damage)}\n`);
    process.stdout.write(`${summary(dataDir, report)}\n`);
    if (!report.ok) process.exitCode = 1;
  } catch (error) {
    // The lock tells, and not the server's file: that may be left of a server that was killed, and its process id be another's by now.
    if ((error as Error).name === "FolderLocked") throw new CliError(`a server runs over ${dataDir}; stop it first`);
    throw error;
  } finally {
    status.stop();
  }
}

type Report = Awaited<ReturnType<typeof import("@kvass/server/fsck").fsck>>;

function describeDamage(damage: Report["damages"][number]): string {
  const { kind, message, ...place } = damage;
  const where = Object.entries(place).map(([name, value]) => ` ${name} ${value}`);
  return `${kind}:${where.join("")}: ${message}`;
}

function summary(dataDir: string, report: Report): string {
  const { ok, damageCount, damagedTables, segments, fragments, bytes } = report;
  const checked = `${dataDir}: ${count(fragments, ok ? "fragment" : "whole fragment")} in ${count(segments, "segment")}, ${formatBytes(bytes)}`;
  if (ok) return `${checked}: no damage`;
  const tables = `${count(damagedTables, "damaged table")} of frames, whose fragments are read instead: no media is lost by that`;
  if (damagedTables === damageCount) return `${checked}: ${tables}`;
  const others = count(damageCount - damagedTables, "damage");
  return damagedTables === 0 ? `${checked}: ${others}` : `${checked}: ${others}; ${tables}`;
}
