import { closeSync, constants, createReadStream, fstatSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { CliError, INTERRUPTED } from "../errors.ts";
import { untilAborted } from "../until-aborted.ts";
import { Ffmpeg, type Probe, probe } from "./ffmpeg.ts";
import { hasIndexBehindMedia } from "./mp4-index.ts";

/** Something to send, as Matroska. */
export interface MediaInput {
  /** Matroska bytes; iterate once. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Whether these are the input's own bytes, not what ffmpeg made of it. */
  readonly isMatroska: boolean;
  /** Size of what `chunks` yields, where it is known. */
  readonly totalBytes: number | undefined;
  /** Playing time, where something other than the Matroska header tells it. */
  readonly durationMs: number | undefined;
  /** Whether it is a file, which was recorded before, and not standard input, a pipe or a URL. */
  readonly isFile: boolean;
}

const EBML_ID = Buffer.from("1a45dfa3", "hex");
/** Enough of a file to see whether it is Matroska or MP4. */
const KIND_BYTES = 8;

/** Codecs that are put into Matroska as they are; others are encoded anew, as H.264 and AAC, which every player takes. */
const COPIED = {
  video: new Set(["h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2video", "mjpeg"]),
  audio: new Set(["aac", "opus", "vorbis", "flac", "mp3", "ac3", "eac3", "pcm_alaw", "pcm_mulaw", "pcm_s16le"]),
};

/**
 * Opens a file, a named pipe, standard input (`-`) or a URL that ffmpeg knows. Matroska is read as it is; anything else passes through ffmpeg,
 * without transcoding where the codec allows. When the signal aborts, the input ends where it is. Throws {@link CliError} where ffmpeg
 * is needed and missing, or finds no media.
 */
export async function openInput(path: string, signal: AbortSignal): Promise<MediaInput> {
  if (path === "-") return openStdin(signal);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return throughFfmpeg(path, signal, undefined);
  const pipe = openPipe(path, signal);
  if (pipe !== undefined) return openStream(pipe, path, signal);
  const file = await open(path);
  const status = await file.stat();
  if (status.isDirectory()) {
    await file.close();
    throw new CliError(`${path} is a folder, not a media file`);
  }
  // What a device gives comes once, and to the one that has opened it.
  if (!status.isFile()) return openStream(file.createReadStream({ highWaterMark: READ_BYTES }), path, signal);
  try {
    const { size } = status;
    const { bytesRead, buffer } = await file.read(Buffer.alloc(KIND_BYTES), 0, KIND_BYTES, 0);
    if (bytesRead === 0) throw new CliError(`${path}: the file is empty`);
    const head = buffer.subarray(0, bytesRead);
    if (!isMatroskaHead(head)) return throughFfmpeg(path, signal, head);
    const chunks = untilAborted(readFile(path), signal);
    return { chunks, isMatroska: true, totalBytes: size, durationMs: undefined, isFile: true };
  } finally {
    await file.close();
  }
}

/**
 * Opens a named pipe, undefined where the path is none. It is neither waited for in `open` until somebody writes into it, nor read as a file is:
 * both would hold a thread, which a process that is interrupted waits for when it ends. When the signal aborts, it is let go of.
 */
function openPipe(path: string, signal: AbortSignal): Readable | undefined {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if (!fstatSync(fd).isFIFO()) {
    closeSync(fd);
    return undefined;
  }
  const pipe = new Socket({ fd, readable: true, writable: false });
  signal.addEventListener("abort", () => pipe.destroy());
  return pipe;
}

const interrupted = (name: string): CliError =>
  new CliError(`${name}: ended before any media came`, { exitCode: INTERRUPTED });

/** Large reads keep most frames in one piece. */
const READ_BYTES = 1 << 20;

const readFile = (path: string): AsyncIterable<Buffer> => createReadStream(path, { highWaterMark: READ_BYTES });

/** @param head the first bytes of a file; undefined where the path is a URL */
function throughFfmpeg(path: string, signal: AbortSignal, head: Buffer | undefined): MediaInput {
  const isFile = head !== undefined;
  // The name of a file may look like a URL, as cam:1.mp4 does.
  const source = isFile ? `file:${path}` : path;
  const found = probe(source, path, head);
  const chunks = remux(source, found, signal);
  return { chunks, isMatroska: false, totalBytes: undefined, durationMs: found.durationMs, isFile };
}

const TO_MATROSKA = ["-f", "matroska", "-flush_packets", "1", "pipe:1"];
/** Waits with the header until it has seen frames. */
const TO_FRAGMENTED_MP4 = [
  "-bsf:a",
  "aac_adtstoasc",
  "-f",
  "mp4",
  "-movflags",
  "frag_keyframe+empty_moov+delay_moov+default_base_moof",
  "pipe:1",
];

/** What ffmpeg makes of a source: the first video that is no cover picture and the first audio, as Matroska. It is started where that is read. */
function remux(
  source: string,
  { video, audio, isAdts }: Probe,
  signal: AbortSignal,
  stdin?: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  if (video === undefined && audio === undefined) throw new CliError("the input has neither video nor audio");
  const args = ["-i", source, "-map", "0:V:0?", "-map", "0:a:0?"];
  if (video !== undefined)
    args.push("-c:v", ...(COPIED.video.has(video) ? ["copy"] : ["libx264", "-preset", "veryfast"]));
  if (audio !== undefined) args.push("-c:a", COPIED.audio.has(audio) ? "copy" : "aac");
  return converted([...args, ...(isAdts ? TO_FRAGMENTED_MP4 : TO_MATROSKA)], isAdts, signal, stdin);
}

async function* converted(
  args: readonly string[],
  isAdts: boolean,
  signal: AbortSignal,
  stdin: AsyncIterable<Uint8Array> | undefined,
): AsyncGenerator<Uint8Array, void> {
  const ffmpeg = new Ffmpeg(args, stdin);
  signal.addEventListener("abort", () => void ffmpeg.stop());
  // Into a pipe, ffmpeg writes the Matroska header before it has seen the first ADTS frame, from which it would take the audio's
  // configuration, and fails.
  const last = isAdts ? new Ffmpeg(["-i", "pipe:0", "-c", "copy", ...TO_MATROSKA], ffmpeg.output()) : ffmpeg;
  yield* last.output();
}

/** Enough of a stream for ffprobe to name its codecs; a live one is given some seconds to bring it. */
const HEAD_BYTES = 1 << 20;
const HEAD_WITHIN_MS = 3000;

function openStdin(signal: AbortSignal): Promise<MediaInput> {
  // A terminal or a pipe that stays open would keep the process.
  signal.addEventListener("abort", () => process.stdin.unref());
  return openStream(process.stdin, "standard input", signal);
}

/** Opens what can be read once only, from its beginning; `name` is what errors call it. */
async function openStream(stream: Readable, name: string, signal: AbortSignal): Promise<MediaInput> {
  const rest: AsyncIterator<Buffer> = untilAborted<Buffer>(stream, signal);
  const head = await readHead(rest);
  if (head.length === 0 && signal.aborted) throw interrupted(name);
  if (head.length === 0) throw new CliError(`${name} is empty`);
  if (hasIndexBehindMedia(head)) throw new CliError(`${name}: ${UNREADABLE_IN_ORDER}`);
  const isMatroska = isMatroskaHead(head);
  const all = prepend(head, rest);
  const chunks = isMatroska ? all : remux("pipe:0", probe(head, name, head), signal, all);
  return { chunks, isMatroska, totalBytes: undefined, durationMs: undefined, isFile: false };
}

const UNREADABLE_IN_ORDER =
  "an MP4 file with its index at the end cannot be read from a pipe; give the path of the file instead, or move its index to the front (ffmpeg -i IN -c copy -movflags +faststart OUT)";

const isMatroskaHead = (head: Buffer): boolean => head.subarray(0, EBML_ID.length).equals(EBML_ID);

/** Reads as much as it takes to know what it is; all of it where it is short. */
async function readHead(rest: AsyncIterator<Buffer>): Promise<Buffer> {
  const deadline = Date.now() + HEAD_WITHIN_MS;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const isEnough = (): boolean =>
    bytes >= EBML_ID.length && (bytes >= HEAD_BYTES || Date.now() > deadline || isMatroskaHead(Buffer.concat(chunks)));
  while (!isEnough()) {
    const { done, value } = await rest.next();
    if (done === true) break;
    chunks.push(value);
    bytes += value.length;
  }
  return Buffer.concat(chunks);
}

async function* prepend(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void> {
  yield head;
  try {
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
