import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/** ffmpeg cannot be started: it is not installed, or not where it was said to be. */
export class DecoderMissing extends Error {
  override readonly name = "DecoderMissing";
}

/** The system has no room for one more process, or for its pipes, at the moment. */
export class DecoderUnavailable extends Error {
  override readonly name = "DecoderUnavailable";
}

/** An ffmpeg with pipes to its input, its output and its messages. */
export type DecoderChild = ChildProcess & {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
};

/** What a system says that has no file descriptors, processes or memory left; it may have some soon. */
const PASSING = new Set(["EMFILE", "ENFILE", "EAGAIN", "ENOMEM"]);

/**
 * What glibc's malloc reads (mallopt(3)): it keeps the memory of pictures to use it again. Otherwise it gives each back to the kernel, which clears
 * it page by page for the next: half of the time that a key frame takes. Pictures up to 32 MiB are kept, malloc's own limit, which one of 4K stays
 * below; free memory at the end of the heap goes back beyond 64 MiB. So a decoder that waits is larger by 6 MB after 720p, and 45 MB after 4K.
 */
const MEMORY = { MALLOC_MMAP_THRESHOLD_: String(32 * 2 ** 20), MALLOC_TRIM_THRESHOLD_: String(64 * 2 ** 20) } as const;

/** A decoder reads what strangers recorded: none of the server's secrets is handed to it. */
function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("KVASS_"));
  return { ...MEMORY, ...Object.fromEntries(inherited) };
}

/** Matroska in; of every frame with an odd time, the picture out. */
const ARGUMENTS = [
  ...["-nostdin", "-hide_banner", "-loglevel", "error", "-copyts"],
  // The filters are set up anew whenever the size changes, which threads of their own would be started and ended for.
  ...["-filter_threads", "1"],
  // The format is known: nothing is to be guessed from more frames than the first.
  ...["-probesize", "32", "-analyzeduration", "0"],
  // One thread gives each frame out as soon as it is decoded. Where the stream does not say how far frames are reordered, it may be as far as
  // its level permits. What is damaged is concealed, as players do: refused ("-err_detect explode"), a frame takes a sound one with it that
  // was to come out at the same time, still comes out later itself, and leaves those that refer to it much worse.
  ...["-threads", "1", "-strict", "strict"],
  // Of a group that begins with a key frame that is no IDR picture, ffmpeg 7 shows none by default: it does not know what came before.
  ...["-flags", "+output_corrupt"],
  ...["-f", "matroska", "-i", "pipe:0", "-map", "0:v", "-vf", "select=mod(t\\,2)"],
  // The size may change with every frame. ffmpeg 5 takes "-autoscale 0" as well, 7 takes the 0 for a file.
  ...["-noautoscale", "-c:v", "rawvideo", "-pix_fmt", "rgb24", "-threads", "1"],
  ...["-flush_packets", "1", "-f", "nut", "pipe:1"],
];

/**
 * Starts ffmpeg (its name or path) as a decoder. Where the child reports an error, `startFailure` says what it means.
 *
 * @throws DecoderUnavailable
 */
export function startDecoder(ffmpeg: string): DecoderChild {
  const child = spawnDecoder(ffmpeg);
  if (child.stdin !== undefined) return child as DecoderChild;
  // Without file descriptors there is a child without pipes, which reports what is thrown here once more.
  child.on("error", () => {});
  throw new DecoderUnavailable(`ffmpeg cannot be started as ${ffmpeg}: no file descriptors are left`);
}

function spawnDecoder(ffmpeg: string): Partial<DecoderChild> & ChildProcess {
  try {
    // A process group of its own: ^C on a terminal is for the server alone, which still answers what is under way.
    return spawn(ffmpeg, ARGUMENTS, { stdio: ["pipe", "pipe", "pipe"], detached: true, env: environment() });
  } catch (error) {
    throw startFailure(error, ffmpeg);
  }
}

/** What it means that ffmpeg could not be started. */
export function startFailure(error: unknown, ffmpeg: string): DecoderMissing | DecoderUnavailable {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const text = `ffmpeg cannot be started as ${ffmpeg}: ${code === "ENOENT" ? "there is no such program" : message}`;
  return PASSING.has(code) ? new DecoderUnavailable(text) : new DecoderMissing(text);
}
