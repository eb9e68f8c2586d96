import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { defaultDataDir } from "../discovery.ts";
import { CliError } from "../errors.ts";
import { count, formatBytes, formatTime } from "../terminal/format.ts";
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
    const changes = changed(report, rebuildIndex);
    if (changes !== undefined) process.stdout.write(`${dataDir}: ${changes}\n`);
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

/** What opening the folder has changed in its index, as every start of the server does. */
function changed({ isIndexNew, recovery }: Report, rebuildIndex: boolean): string | undefined {
  const fragments = count(recovery.fragments, "fragment");
  const made = `the index was made anew from the journal, ${fragments}`;
  if (rebuildIndex) return made;
  if (isIndexNew) return recovery.scanned === 0 ? undefined : `${made}: there was none, or one of another format`;
  if (recovery.scanned === 0) return undefined;
  const segments = count(recovery.scanned, "segment");
  return `not stopped in order, or copied while in use: ${segments} read through, and the index brought up to date, ${fragments}`;
}

type NamedDamage = Report["damages"][number];

function describeDamage({ kind, message, segment, offset, length, ...fragment }: NamedDamage): string {
  const place = Object.entries({ segment, offset, length }).filter(([, value]) => value !== undefined);
  const where = place.map(([name, value]) => `${name} ${value}`).join(" ");
  const what = [where, describeFragment(fragment)].filter((text) => text !== "").join(", ");
  return `${kind}: ${what === "" ? "" : `${what}: `}${message}`;
}

/** `porch, fragment 7 of 2026-11-21T12:00:00.000Z, arrived 2026-11-21T12:00:02.123Z`, as far as it is known. */
function describeFragment(of: Omit<NamedDamage, "kind" | "message">): string {
  const { streamId, streamName, sequence, producerTimestamp, serverTimestamp } = of;
  if (streamId === undefined) return "";
  const stream = streamName ?? `deleted stream ${streamId}`;
  if (sequence === undefined || producerTimestamp === undefined || serverTimestamp === undefined) return stream;
  const [produced, arrived] = [producerTimestamp, serverTimestamp].map((time) => formatTime(new Date(time)));
  return `${stream}, fragment ${sequence} of ${produced}, arrived ${arrived}`;
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
