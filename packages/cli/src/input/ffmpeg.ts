import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { CliError } from "../errors.ts";
import { CutOff } from "./cut-off.ts";
import { beginsMp4 } from "./mp4-index.ts";

/** How much of ffmpeg's complaint is kept to say why it failed. */
const KEPT_STDERR_CHARS = 4096;
/** An ffmpeg that was asked to end writes its last packets at once; one that does not within this time is stuck. */
const ENDS_WITHIN_MS = 3000;

/** Whether `ffmpeg` can be started. */
export const hasFfmpeg = (): boolean => spawnSync("ffmpeg", ["-version"], { stdio: "ignore" }).status === 0;

/** How ffmpeg complains of an MP4 file that ends before its index says, having ended well. */
const PARTIAL = "partial file";
/** Of one whose index never came. */
const NO_INDEX = "moov atom not found";

/** Its verdict on what it could read, and does not understand. */
const NO_MEDIA = "Invalid data found";

const MISSING = "ffmpeg is not installed; on Debian: apt-get install ffmpeg";

/** A running ffmpeg whose stdout is Matroska. */
export class Ffmpeg {
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | null>;
  #complaint = "";
  #isPartial = false;
  #inputFailure: CliError | undefined;
  #isStopping = false;

  /** Starts it; `stdin` is what it reads as `pipe:0`. A start that fails shows in `output`. */
  constructor(args: readonly string[], stdin?: AsyncIterable<Uint8Array>) {
    this.#child = spawn("ffmpeg", ["-nostdin", "-hide_banner", "-loglevel", "error", ...args], {
      stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      // ^C reaches the whole group of the terminal; ffmpeg must end when it is told to, so that its last frames are sent.
      detached: true,
    });
    this.#exit = once(this.#child, "exit").then(
      ([code]) => code as number | null,
      (error: NodeJS.ErrnoException) => {
        this.#complaint = error.code === "ENOENT" ? MISSING : error.message;
        return null;
      },
    );
    if (stdin !== undefined) {
      pipeline(stdin, this.#child.stdin!).catch((error: unknown) => {
        // Where ffmpeg has ended before its input, it says why; where the input has failed, that is why.
        if (error instanceof CliError) this.#inputFailure = error;
      });
    }
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#complaint = (this.#complaint + text).slice(0, KEPT_STDERR_CHARS);
      this.#isPartial ||= text.includes(PARTIAL);
    });
  }

  /** What ffmpeg writes. Throws {@link CliError} with ffmpeg's own words where it fails, and {@link CutOff} behind the last of what there was. */
  async *output(): AsyncGenerator<Uint8Array, void> {
    try {
      for await (const chunk of this.#child.stdout!) yield chunk as Buffer;
      const code = await this.#exit;
      if (this.#inputFailure !== undefined) throw this.#inputFailure;
      if (code !== 0 && !this.#isStopping)
        throw new CliError(`ffmpeg: ${firstLine(this.#complaint) || `ended with ${code}`}`);
      if (this.#isPartial) throw new CutOff("before the end that its index tells");
    } finally {
      await this.stop();
    }
  }

  /** Lets ffmpeg end its output properly, as far as it is read; resolves when ffmpeg is gone. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), ENDS_WITHIN_MS);
    await this.#exit;
    clearTimeout(timer);
  }
}

/** The first line names the cause, what follows are its consequences. */
const firstLine = (text: string): string =>
  text
    .trim()
    .split("\n")[0]!
    .replace(/^\[[^\]]*\]\s*/, "");

/** ffprobe's verdict, behind what it came across on the way; the source before it is known. */
const lastLine = (text: string): string => text.trim().split("\n").at(-1)!.replace(/^.*: /, "");

/** What ffprobe says of a file. */
export interface Probe {
  readonly durationMs: number | undefined;
  /** Codec of the first video and the first audio stream, by ffmpeg's names. */
  readonly video: string | undefined;
  readonly audio: string | undefined;
  /** The audio is AAC as broadcast carries it, its configuration in each frame (ADTS) and not beside them. */
  readonly isAdts: boolean;
}

interface ProbeAnswer {
  readonly streams?: readonly {
    readonly codec_type?: string;
    readonly codec_name?: string;
    readonly extradata_size?: number;
    readonly disposition?: { readonly attached_pic?: number };
  }[];
  readonly format?: { readonly duration?: string };
}

/** Opening a file takes milliseconds, a camera some seconds; a source that says nothing for so long says nothing at all. */
const PROBED_WITHIN_MS = 30_000;

/**
 * Asks ffprobe about a file or URL, or about the beginning of what is not to be had twice; errors call it `name`. Throws {@link CliError} where
 * it is no media.
 *
 * @param head the first bytes, where they are known
 */
export function probe(source: string | Uint8Array, name: string, head: Uint8Array | undefined): Probe {
  const path = typeof source === "string" ? source : "pipe:0";
  const args = ["-v", "error", "-print_format", "json", "-show_format", "-show_streams", "--", path];
  const { status, stdout, stderr, error } = spawnSync("ffprobe", args, {
    encoding: "utf8",
    timeout: PROBED_WITHIN_MS,
    ...(typeof source !== "string" && { input: source }),
  });
  // ffprobe may have seen enough before it has read all of a pipe.
  if (error !== undefined && (error as NodeJS.ErrnoException).code !== "EPIPE") {
    throw new CliError((error as NodeJS.ErrnoException).code === "ENOENT" ? MISSING : `ffprobe: ${error.message}`);
  }
  // Of what only its name calls MP4 ffprobe says the same.
  if (status !== 0 && stderr.includes(NO_INDEX) && (head === undefined || beginsMp4(head))) {
    throw new CliError(
      `${name}: an MP4 file without its index (moov), which recorders write last: it is cut off, and nothing of it can be read`,
    );
  }
  if (status !== 0) {
    const verdict = lastLine(stderr) || `ffprobe ended with ${status}`;
    const isRead = verdict.startsWith(NO_MEDIA);
    throw new CliError(`${name}: ffmpeg ${isRead ? "finds no media there" : "cannot read that"} (${verdict})`);
  }
  const { streams = [], format } = JSON.parse(stdout) as ProbeAnswer;
  const media = streams.filter(({ disposition }) => disposition?.attached_pic !== 1);
  const video = media.find(({ codec_type }) => codec_type === "video");
  const audio = media.find(({ codec_type }) => codec_type === "audio");
  const seconds = Number(format?.duration);
  return {
    durationMs: Number.isFinite(seconds) ? seconds * 1000 : undefined,
    video: video?.codec_name,
    audio: audio?.codec_name,
    isAdts: audio?.codec_name === "aac" && !audio.extradata_size,
  };
}
