import { extname } from "node:path";
import type { Connection } from "@kvass/client";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Target } from "../discovery.ts";
import { CliError, INTERRUPTED, USAGE } from "../errors.ts";
import { interruption } from "../interruption.ts";
import { checkTarget } from "../recording/check-target.ts";
import type { ImageQuery } from "../recording/image-source.ts";
import { saveWhole } from "../recording/save-whole.ts";
import { addTargetOptions } from "../target-options.ts";
import { count, formatBytes, formatTime } from "../terminal/format.ts";
import { StatusLine } from "../terminal/status-line.ts";
import { MOMENT_FORMS, type Moment, parseDuration, parseMoment, parseTime } from "../time.ts";
import { withServer } from "../with-server.ts";
import { refuseTerminal } from "./get.ts";

interface Flags extends Target {
  readonly at: string;
  readonly to?: string;
  readonly every?: string;
  readonly clock: "producer" | "server";
  readonly output?: string;
  readonly format?: "jpeg" | "png";
  readonly quality?: number;
  readonly width?: number;
  readonly height?: number;
  readonly force?: boolean;
}

/** The shortest interval of GetImages, and its largest images (AWS docs, "GetImages"). */
const LEAST_INTERVAL_MS = 200;
const MAX_QUALITY = 100;
const MAX_WIDTH = 3840;
const MAX_HEIGHT = 2160;
/** Of an interval that is not used: one image alone. */
const ANY_INTERVAL_MS = 1000;
/** Digits of the number in the names of several images. */
const NUMBER_DIGITS = 4;

const FOOTER = `
An image shows what was on the screen at that moment. With --every and --to there is one for each interval: FILE-0001.jpg, FILE-0002.jpg, ...;
a moment without media is told in a line, and its number left out. The server needs ffmpeg.`;

function integerUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
    throw new InvalidArgumentError(`expected a number from 1 to ${most}`);
  };
}

/** `kvass image STREAM`: saves what was on the screen at a moment, or at several. */
export function configure(command: Command): void {
  command
    .argument("<STREAM>", "stream to look at, by name")
    .requiredOption("--at <TIME>", `which moment: ${MOMENT_FORMS}`)
    .option("--every <DURATION>", "an image each so often from there on, as 500ms, 10s or 1m")
    .option("--to <TIME>", "where --every ends")
    .addOption(
      new Option("--clock <CLOCK>", "times are those of the producer or of the server")
        .choices(["producer", "server"])
        .default("producer"),
    )
    .option("-o, --output <FILE>", "file to write, - for stdout (default: STREAM.jpg)")
    .addOption(
      new Option("--format <FORMAT>", "default: what the file's name says, else jpeg").choices(["jpeg", "png"]),
    )
    .option("--quality <N>", "of JPEG, 1 to 100 (default: 80)", integerUpTo(MAX_QUALITY))
    .option("--width <N>", "pixels; with --height alone or neither it follows from the video", integerUpTo(MAX_WIDTH))
    .option("--height <N>", "pixels", integerUpTo(MAX_HEIGHT))
    .option("--force", "replace files that exist")
    .addHelpText("after", FOOTER)
    .action(image);
  addTargetOptions(command);
}

const FORMATS: Readonly<Record<string, "jpeg" | "png">> = {
  "": "jpeg",
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".png": "png",
};

/** The format that a file's name says. */
function formatOf(path = ""): "jpeg" | "png" {
  const format = FORMATS[extname(path).toLowerCase()];
  if (format !== undefined) return format;
  throw new CliError(`${path}: images are .jpg or .png; --format says which where the name does not`, {
    exitCode: USAGE,
  });
}

async function image(stream: string, flags: Flags): Promise<void> {
  const now = Date.now();
  const at = parseMoment(flags.at, "--at", now);
  const series = seriesOf(flags, at, now);
  const format = flags.format ?? formatOf(flags.output);
  if (format === "png" && flags.quality !== undefined) {
    throw new CliError("--quality is for JPEG; PNG loses nothing", { exitCode: USAGE });
  }
  const path = flags.output ?? `${stream}.${format === "png" ? "png" : "jpg"}`;
  if (path === "-" && series !== undefined) throw new CliError("-o - takes one image", { exitCode: USAGE });
  refuseTerminal(path, process.stdout.isTTY);
  if (series === undefined) await checkTarget(path, flags.force ?? false);
  const signal = interruption();
  await withServer({ target: flags, stream }, async (connection) => {
    const { resolveMoment } = await import("../recording/image-source.ts");
    const from = await resolveMoment(connection, stream, at, flags.clock);
    const { clock, quality, width, height } = flags;
    const span = series ?? { to: from, everyMs: ANY_INTERVAL_MS };
    const query: ImageQuery = { from, ...span, clock, format, quality, width, height };
    await save({
      connection,
      stream,
      query,
      path,
      isSeries: series !== undefined,
      force: flags.force ?? false,
      signal,
    });
  });
}

/** The images behind the first one; undefined where there are none. Throws {@link CliError} where the options do not go together. */
function seriesOf({ to, every }: Flags, at: Moment, now: number): { to: number; everyMs: number } | undefined {
  if (to === undefined && every === undefined) return undefined;
  if (to === undefined || every === undefined) {
    throw new CliError("--every and --to go together", { exitCode: USAGE });
  }
  const end = parseTime(to, "--to", now);
  if (at !== "earliest" && end < at) throw new CliError("--to lies before --at", { exitCode: USAGE });
  const everyMs = Math.round(parseDuration(every, "--every"));
  if (everyMs < LEAST_INTERVAL_MS) {
    throw new CliError(`--every: expected at least ${LEAST_INTERVAL_MS}ms`, { exitCode: USAGE });
  }
  return { to: end, everyMs };
}

interface Saving {
  readonly connection: Connection;
  readonly stream: string;
  readonly query: ImageQuery;
  readonly path: string;
  readonly isSeries: boolean;
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/** Saves the images, with a line for each of a series that there is not, and a summary. Throws {@link CliError} where there is none at all. */
async function save({ connection, stream, query, path, isSeries, force, signal }: Saving): Promise<void> {
  const { imagesOf } = await import("../recording/image-source.ts");
  const { inFull, inShort } = await import("../recording/why-no-image.ts");
  const saved = { images: 0, bytes: 0 };
  const progress = (): string => `${count(saved.images, "image")}, ${formatBytes(saved.bytes)}`;
  const status = new StatusLine(() => `${stream}: ${progress()}`, { quiet: true });
  let number = 0;
  try {
    for await (const { time, image } of imagesOf(connection, stream, query, signal)) {
      number++;
      if ("reason" in image) {
        const moment = { connection, stream, time, clock: query.clock };
        // Of a series it is mostly the same for all, and told in full once.
        const why = number === 1 ? await inFull(image.reason, moment) : inShort(image.reason);
        const line = `${formatTime(new Date(time))}: ${why}`;
        if (!isSeries) throw new CliError(`${stream}: ${line}`);
        status.note(`kvass: ${line}`);
        continue;
      }
      await write(image, isSeries ? numbered(path, number) : path, force, signal);
      saved.images++;
      saved.bytes += image.length;
    }
  } finally {
    status.stop();
  }
  if (signal.aborted) process.exitCode = INTERRUPTED;
  if (saved.images === 0) {
    throw new CliError(`${stream}: ${signal.aborted ? "ended before any image came" : "no image"}`, {
      exitCode: signal.aborted ? INTERRUPTED : undefined,
    });
  }
  const name = path === "-" ? stream : isSeries ? numbered(path, "*") : path;
  process.stderr.write(`${name}: ${progress()}\n`);
}

/** Writes to a file, or to stdout for `-`. Throws {@link CliError} where the file is there already and may not be replaced. */
async function write(image: Uint8Array, path: string, force: boolean, signal: AbortSignal): Promise<void> {
  await checkTarget(path, force);
  await saveWhole([image], path, () => undefined, signal);
}

/** `porch.jpg` -> `porch-0001.jpg`. */
function numbered(path: string, number: number | "*"): string {
  const extension = extname(path);
  const base = path.slice(0, path.length - extension.length);
  return `${base}-${String(number).padStart(number === "*" ? 1 : NUMBER_DIGITS, "0")}${extension}`;
}
