import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { CliError } from "../errors.ts";
import { untilAborted } from "../until-aborted.ts";
import { Ffmpeg, probe } from "./ffmpeg.ts";

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
}

const EBML_ID = Buffer.from("1a45dfa3", "hex");

/** Codecs that are put into Matroska as they are; others are encoded anew, as H.264 and AAC, which every player takes. */
const COPIED = {
  video: new Set(["h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2video", "mjpeg"]),
  audio: new Set(["aac", "opus", "vorbis", "flac", "mp3", "ac3", "eac3", "pcm_alaw", "pcm_mulaw", "pcm_s16le"]),
};

/**
 * Opens a file, standard input (`-`) or a URL that ffmpeg knows. Matroska is read as it is; anything else passes through ffmpeg,
 * without transcoding where the codec allows. When the signal aborts, the input ends where it is. Throws {@link CliError} where ffmpeg
 * is needed and missing, or finds no media.
 */
export async function openInput(path: string, signal: AbortSignal): Promise<MediaInput> {
  if (path === "-") return openStdin(signal);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return throughFfmpeg(path, signal);
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { bytesRead, buffer } = await file.read(Buffer.alloc(EBML_ID.length), 0, EBML_ID.length, 0);
    if (bytesRead === 0) throw new CliError(`${path}: the file is empty`);
    if (!buffer.equals(EBML_ID)) return throughFfmpeg(path, signal);
    return { chunks: untilAborted(readFile(path), signal), isMatroska: true, totalBytes: size, durationMs: undefined };
  } finally {
    await file.close();
  }
}

/** Large reads keep most frames in one piece. */
const READ_BYTES = 1 << 20;

const readFile = (path: string): AsyncIterable<Buffer> => createReadStream(path, { highWaterMark: READ_BYTES });

function throughFfmpeg(path: string, signal: AbortSignal): MediaInput {
  const { durationMs, video, audio } = probe(path);
  if (video === undefined && audio === undefined) throw new CliError(`${path}: neither video nor audio`);
  const ffmpeg = new Ffmpeg(["-i", path, ...outputArgs(video, audio)]);
  signal.addEventListener("abort", () => void ffmpeg.stop());
  return { chunks: ffmpeg.output(), isMatroska: false, totalBytes: undefined, durationMs };
}

/** First video that is no cover picture, first audio. A codec that is not known is copied: ffmpeg says where that fails. */
function outputArgs(video?: string, audio?: string): string[] {
  const videoCodec = video === undefined || COPIED.video.has(video) ? ["copy"] : ["libx264", "-preset", "veryfast"];
  const audioCodec = audio === undefined || COPIED.audio.has(audio) ? ["copy"] : ["aac"];
  const codecs = ["-map", "0:V:0?", "-map", "0:a:0?", "-c:v", ...videoCodec, "-c:a", ...audioCodec];
  return [...codecs, "-f", "matroska", "-flush_packets", "1", "pipe:1"];
}

async function openStdin(signal: AbortSignal): Promise<MediaInput> {
  // A terminal or a pipe that stays open would keep the process.
  signal.addEventListener("abort", () => process.stdin.unref());
  const iterator: AsyncIterator<Buffer> = untilAborted<Buffer>(process.stdin, signal);
  let head = Buffer.alloc(0);
  while (head.length < EBML_ID.length) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
  }
  if (head.length === 0) throw new CliError("standard input is empty");
  const chunks = prepend(head, iterator);
  const isMatroska = head.subarray(0, EBML_ID.length).equals(EBML_ID);
  const output = isMatroska ? chunks : new Ffmpeg(["-i", "pipe:0", ...outputArgs()], chunks).output();
  return { chunks: output, isMatroska, totalBytes: undefined, durationMs: undefined };
}

async function* prepend(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void> {
  yield head;
  try {
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
