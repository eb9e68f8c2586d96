import type { Command } from "commander";
import type { Target } from "../discovery.ts";
import { CliError, INTERRUPTED, USAGE } from "../errors.ts";
import { parseHours } from "../hours.ts";
import { interruption } from "../interruption.ts";
import { addTargetOptions } from "../target-options.ts";
import { parseTime, TIME_FORMS } from "../time.ts";
import { withServer } from "../with-server.ts";

interface Flags extends Target {
  readonly create?: boolean;
  readonly retention?: number;
  readonly realtime?: boolean;
  readonly startTimestamp?: string;
  readonly asIs?: boolean;
}

const DEFAULT_RETENTION_HOURS = 24;

const FOOTER = `
FILE is a media file or pipe, - for standard input, or a URL that ffmpeg reads (as rtsp://...). Matroska is read directly; anything else
goes through ffmpeg, without transcoding where the codec allows. Frames are cut into fragments at key frames; when the
connection breaks, what was not acknowledged is sent again. --as-is sends a Matroska file byte for byte instead, its Clusters as they are.
Without --start-timestamp a file is stored as if it ended now, or behind what the stream holds where that reaches further; with --realtime,
and everything else, as if it began now.`;

/** `kvass put STREAM FILE|-`: sends a media file, and sees every fragment acknowledged. */
export function configure(command: Command): void {
  command
    .argument("<STREAM>", "stream to write to, by name")
    .argument("<FILE>", "what to send, - for standard input")
    .option("--create", "create the stream where there is none")
    .option(
      "--retention <HOURS>",
      `retention of a stream that --create makes (default: ${DEFAULT_RETENTION_HOURS})`,
      parseHours,
    )
    .option("--realtime", "send at playing speed")
    .option("--start-timestamp <TIME>", `producer timestamp of the first frame: ${TIME_FORMS}`)
    .option("--as-is", "send Matroska byte for byte")
    .addHelpText("after", FOOTER)
    .action(put);
  addTargetOptions(command);
}

async function put(stream: string, file: string, flags: Flags): Promise<void> {
  if (file === "") throw new CliError("FILE: expected the name of a file", { exitCode: USAGE });
  if (flags.asIs && flags.realtime) throw new CliError("--as-is cannot be paced with --realtime", { exitCode: USAGE });
  const given = flags.startTimestamp === undefined ? undefined : parseTime(flags.startTimestamp, "--start-timestamp");
  const signal = interruption();
  const work = { target: flags, stream, ifMissing: "--create makes it" };
  const { refused } = await withServer(work, async (connection) => {
    const { openInput } = await import("../input/open-input.ts");
    const { Upload } = await import("../sending/upload.ts");
    const input = await openInput(file, signal);
    const upload = new Upload({
      connection,
      stream,
      input,
      createWithRetention: flags.create ? (flags.retention ?? DEFAULT_RETENTION_HOURS) : undefined,
      isRetentionGiven: flags.retention !== undefined,
      realtime: flags.realtime ?? false,
      asIs: flags.asIs ?? false,
      startTimestamp: given,
      signal,
    });
    return upload.run();
  });
  if (refused > 0) process.exitCode = 1;
  if (signal.aborted) process.exitCode = INTERRUPTED;
}
