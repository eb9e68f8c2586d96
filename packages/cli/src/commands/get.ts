import type { Connection } from "@kvass/client";
import { type Command, Option } from "commander";
import type { Target } from "../discovery.ts";
import { CliError, INTERRUPTED, USAGE } from "../errors.ts";
import { interruption } from "../interruption.ts";
import { checkTarget } from "../recording/check-target.ts";
import type { MediaSource } from "../recording/media-source.ts";
import { addTargetOptions } from "../target-options.ts";
import { count, formatBytes, formatDuration, formatTime } from "../terminal/format.ts";
import { StatusLine } from "../terminal/status-line.ts";
import { checkAhead, checkedEnd, MOMENT_FORMS, type Moment, parseMoment, parseTime } from "../time.ts";
import { withServer } from "../with-server.ts";

interface Flags extends Target {
  readonly from: string;
  readonly to?: string;
  readonly clock: "producer" | "server";
  readonly output?: string;
  readonly force?: boolean;
  readonly raw?: boolean;
  readonly keepGaps?: boolean;
}

const FOOTER = `
Without --to it ends with what is stored now; --from now follows the live stream until ^C, or until --to (as +30s), and --from +5m does in five minutes.
A fragment is saved whole: the first is the one that --from lies in. Where the tracks change on the way, a further file is begun
(FILE-2.mkv, ...; numbers of files that exist are passed over without --force).`;

/** `kvass get STREAM`: saves media as one playable Matroska file. */
export function configure(command: Command): void {
  command
    .argument("<STREAM>", "stream to read, by name")
    .option("--from <TIME>", `where to begin: ${MOMENT_FORMS}`, "earliest")
    .option("--to <TIME>", "where to end")
    .addOption(
      new Option("--clock <CLOCK>", "times are those of the producer or of the server")
        .choices(["producer", "server"])
        .default("producer"),
    )
    .option("-o, --output <FILE>", "file to write, - for stdout (default: STREAM.mkv)")
    .option("--force", "replace files that exist")
    .option("--raw", "write the service's chunks as they come: a Matroska file for each fragment, one after the other")
    .option("--keep-gaps", "keep pauses between recordings as long as they were")
    .addHelpText("after", FOOTER)
    .action(get);
  addTargetOptions(command);
}

async function get(stream: string, flags: Flags): Promise<void> {
  const now = Date.now();
  const from = parseMoment(flags.from, "--from", now);
  const to = flags.to === undefined ? undefined : checkedEnd(from, parseTime(flags.to, "--to", now));
  if (from !== "earliest" && from >= now && to === from) {
    throw new CliError("--to: nothing can come before it, since --from is no earlier", { exitCode: USAGE });
  }
  checkAhead(from, "--from", now);
  if (to !== undefined) checkAhead(to, "--to", now);
  const path = flags.output ?? `${stream}.mkv`;
  refuseTerminal(path, process.stdout.isTTY);
  await checkTarget(path, flags.force ?? false);
  const signal = interruption();
  await withServer({ target: flags, stream }, async (connection) => {
    const { mediaSource } = await import("../recording/media-source.ts");
    const { isLive, ...source } = await mediaSource({ connection, stream, from, to, now, clock: flags.clock, signal });
    const waiting = isLive ? describeWaiting({ from, to, now }, process.stderr.isTTY) : undefined;
    if (waiting !== undefined) process.stderr.write(`${stream}: ${waiting}\n`);
    await saveShown(source, { connection, stream, path, flags, isLive, signal });
    // Following has no other end than ^C.
    if (signal.aborted && !isLive) process.exitCode = INTERRUPTED;
  });
}

/**
 * What is said of a live reading before anything has come; undefined where the status line of a terminal says enough. Times in milliseconds
 * since the epoch.
 */
export function describeWaiting(
  { from, to, now }: { from: Moment; to: number | undefined; now: number },
  isTerminal: boolean,
): string | undefined {
  if (from !== "earliest" && from > now) {
    return `begins at ${formatTime(new Date(from))}, in ${formatDuration(from - now)}`;
  }
  if (isTerminal) return undefined;
  return `follows the live stream until ${to === undefined ? "SIGINT or SIGTERM" : formatTime(new Date(to))}`;
}

interface Saving {
  readonly connection: Connection;
  readonly stream: string;
  readonly path: string;
  readonly flags: Flags;
  readonly isLive: boolean;
  readonly signal: AbortSignal;
}

/** Saves with a status line on a terminal, and a summary. Throws {@link CliError} where there is nothing to save. */
async function saveShown(
  source: MediaSource,
  { connection, stream, path, flags, isLive, signal }: Saving,
): Promise<void> {
  const save = flags.raw
    ? (await import("../recording/save-raw.ts")).saveRaw
    : (await import("../recording/save.ts")).save;
  const progress = { fragments: 0, bytes: 0, durationMs: 0, files: [path] };
  const status = new StatusLine(() => `${stream}: ${describeProgress(progress)}${isLive ? ", ^C ends" : ""}`, {
    quiet: true,
  });
  const saved = (): string => `${path === "-" ? stream : progress.files.join(", ")}: ${describeProgress(progress)}`;
  let failure: unknown;
  try {
    await save(source, { path, force: flags.force ?? false, keepGaps: flags.keepGaps ?? false, progress, signal });
  } catch (error) {
    if (!signal.aborted) failure = error;
  } finally {
    status.stop();
  }
  if (progress.fragments > 0) process.stderr.write(`${saved()}\n`);
  if (failure !== undefined) throw failure;
  if (source.lost.length > 0) throw lossOf(stream, source.lost);
  if (progress.bytes === 0) {
    if (signal.aborted) throw new CliError(`${stream}: ended before any media came`, { exitCode: INTERRUPTED });
    if (isLive) throw new CliError(`${stream}: no media came`);
    const { nothingStored } = await import("../retention.ts");
    throw await nothingStored(connection, stream, flags.clock);
  }
}

function lossOf(stream: string, lost: MediaSource["lost"]): CliError {
  const which = lost.length === 1 ? "that of" : "the first of";
  const first = formatTime(new Date(lost[0]!.producerTimestamp));
  return new CliError(
    `${stream}: ${count(lost.length, "fragment")} cannot be read and ${lost.length === 1 ? "is" : "are"} left out, ${which} ${first}; the server's log says why, ` +
      "and kvass fsck what is damaged",
  );
}

/** Media on a terminal is noise, and may change how the terminal behaves. Throws {@link CliError}. */
export function refuseTerminal(path: string, isTerminal: boolean): void {
  if (path !== "-" || !isTerminal) return;
  throw new CliError("-o - would write media to the terminal; use a pipe or -o FILE", { exitCode: USAGE });
}

function describeProgress({
  fragments,
  bytes,
  durationMs,
}: {
  fragments: number;
  bytes: number;
  durationMs: number;
}): string {
  const duration = durationMs > 0 ? `${formatDuration(durationMs)}, ` : "";
  return `${count(fragments, "fragment")}, ${duration}${formatBytes(bytes)}`;
}
