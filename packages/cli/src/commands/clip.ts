import { type Command, Option } from "commander";
import type { Target } from "../discovery.ts";
import { CliError, describe, INTERRUPTED } from "../errors.ts";
import { interruption } from "../interruption.ts";
import { checkTarget } from "../recording/check-target.ts";
import type { ClipRequest } from "../recording/clip-source.ts";
import type { RangeSpan } from "../recording/stored-range.ts";
import { addTargetOptions } from "../target-options.ts";
import { formatBytes, formatDuration, formatTime } from "../terminal/format.ts";
import { StatusLine } from "../terminal/status-line.ts";
import { checkedEnd, MOMENT_FORMS, parseMoment, parseTime } from "../time.ts";
import { untilAborted } from "../until-aborted.ts";
import { withServer } from "../with-server.ts";
import { refuseTerminal } from "./get.ts";

interface Flags extends Target {
  readonly from: string;
  readonly to?: string;
  readonly clock: "producer" | "server";
  readonly output?: string;
  readonly force?: boolean;
}

const FOOTER = `
The server makes the clip (GetClip) and sends it while it does: no re-encoding, header first. The first fragment is the one that --from lies in;
without --to the last one is the last that is stored, as with kvass get. A clip spans at most 24 hours. kvass get saves what MP4 cannot hold, and follows the live stream.`;

/** `kvass clip STREAM`: saves stored media as an MP4 file. */
export function configure(command: Command): void {
  command
    .argument("<STREAM>", "stream to read, by name")
    .requiredOption("--from <TIME>", `where to begin: ${MOMENT_FORMS}`)
    .option("--to <TIME>", "where to end (default: with what is stored)")
    .addOption(
      new Option("--clock <CLOCK>", "times are those of the producer or of the server")
        .choices(["producer", "server"])
        .default("producer"),
    )
    .option("-o, --output <FILE>", "file to write, - for stdout (default: STREAM.mp4)")
    .option("--force", "replace the file where it exists")
    .addHelpText("after", FOOTER)
    .action(clip);
  addTargetOptions(command);
}

async function clip(stream: string, flags: Flags): Promise<void> {
  const now = Date.now();
  const from = parseMoment(flags.from, "--from", now);
  const to = flags.to === undefined ? undefined : checkedEnd(from, parseTime(flags.to, "--to", now));
  const path = flags.output ?? `${stream}.mp4`;
  refuseTerminal(path, process.stdout.isTTY);
  await checkTarget(path, flags.force ?? false);
  const signal = interruption();
  await withServer({ target: flags, stream }, async (connection) => {
    await saveShown({ connection, stream, from, to, clock: flags.clock, signal }, path);
  });
}

/** Saves with a status line on a terminal, and a summary. Nothing is left of a clip that was interrupted. */
async function saveShown(request: ClipRequest, path: string): Promise<void> {
  const { clipBytes } = await import("../recording/clip-source.ts");
  const { saveWhole } = await import("../recording/save-whole.ts");
  const { stream, signal } = request;
  const begun = performance.now();
  let bytes = 0;
  const progress = (): string => {
    const ms = performance.now() - begun;
    return `${formatBytes(bytes)} in ${formatDuration(ms)} (${formatBytes((bytes * 1000) / ms)}/s)`;
  };
  const status = new StatusLine(() => `${stream}: ${progress()}`, { quiet: true });
  try {
    const media = untilComplete(clipBytes(request, await spanOfClip(request)), signal);
    const written = (count: number): void => {
      bytes += count;
    };
    await saveWhole(media, path, written, signal);
  } catch (error) {
    if (!signal.aborted) throw explainChange(error, request.clock);
    process.exitCode = INTERRUPTED;
    return;
  } finally {
    status.stop();
  }
  process.stderr.write(`${path === "-" ? stream : path}: ${progress()}\n`);
}

async function spanOfClip(request: ClipRequest): Promise<RangeSpan> {
  const { spanOfRange } = await import("../recording/stored-range.ts");
  const span = await spanOfRange(request);
  if (span.beyond === undefined) return span;
  const [start, end, next] = [span.start, span.end, span.beyond].map((time) => formatTime(new Date(time)));
  throw new CliError(
    `${request.stream} holds more than the 24 h that a clip may span from ${start} on: --to ${end} ends one there, --from ${next} begins the next; ` +
      "kvass get saves any range in one file",
  );
}

/** Where the tracks change, as the server's message has it. */
const CHANGE = /change at fragment \d+ \(producer timestamp (\S+Z), server timestamp (\S+Z)\)/;

/** The error to show where a clip cannot go over a change of its tracks: with the options that end it before, and begin it there. */
export function explainChange(error: unknown, clock: "producer" | "server"): unknown {
  if (!(error instanceof Error)) return error;
  const [, producer, server] = CHANGE.exec(error.message) ?? [];
  const change = Date.parse((clock === "producer" ? producer : server) ?? "");
  if (Number.isNaN(change)) return error;
  const [last, first] = [change - 1, change].map((time) => new Date(time).toISOString());
  return new CliError(`${describe(error)} Use --to ${last} or --from ${first}`, { cause: error });
}

/** What was interrupted must not look complete: throws where the signal ended it. */
async function* untilComplete(media: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  yield* untilAborted(media, signal);
  signal.throwIfAborted();
}
