import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  clusterHeader,
  ebmlHeader,
  infoElement,
  segmentHeader,
  simpleBlockHeader,
  tracksElement,
  type VideoCodecName,
} from "@kvass/media";
import { BITSTREAMS, type Bitstream } from "./bitstream.ts";
import { type DecoderChild, startDecoder, startFailure } from "./decoder-start.ts";
import { NutReader } from "./nut-reader.ts";
import { PictureBuffers } from "./picture-buffers.ts";

/** A decoder ended, or did not answer in time, while it worked. */
export class DecoderFailed extends Error {
  override readonly name = "DecoderFailed";
  /** Whether it was stopped for taking too long. */
  readonly isStuck: boolean;

  constructor(message: string, isStuck: boolean) {
    super(message);
    this.isStuck = isStuck;
  }
}

/** A frame to decode. */
export interface QueuedFrame {
  /** The frame in pieces. */
  readonly pieces: readonly Uint8Array[];
  readonly keyframe: boolean;
  /** Its place in the order of presentation among the frames that are queued with it, from 0. */
  readonly rank: number;
  /** Whether the picture is wanted, or only frames behind it that refer to it. */
  readonly isWanted: boolean;
  /** How many pixels it has, as far as its track says. */
  readonly pixels: number;
}

/** How a decoder is run. */
export interface DecoderOptions {
  /** Name or path of the program. */
  readonly ffmpeg: string;
  /** Milliseconds after which a decoder that has not answered is killed, however much it has to do. */
  readonly answersWithinMs: number;
}

/** Red, green and blue. */
const BYTES_OF_PIXEL = 3;
/** The largest picture: 8K (8192x4320). */
const MAX_PICTURE_BYTES = 8192 * 4320 * BYTES_OF_PIXEL;
/** Frames that a decoder may hold back, to put them in the order of presentation: 16 at most (ITU-T H.264, section A.3.1; H.265, section A.4.2). */
const MAX_REORDERED = 16;
/** Pictures that takers work on: while there are so many the decoder waits. */
const MAX_PENDING = 2;
/** Milliseconds that any work may take: for the start of a process, and for waits on a machine that is busy. */
const PATIENCE_MS = 5000;
/** Milliseconds for each million pixels that are decoded: on one core 4K H.265 of 10 bits and 400 Mbit/s took 26, H.264 of 2 Mbit/s 1.5. */
const DECODING_MS = 100;
/** The same for pixels of pictures that are wanted: ten times what a noisy one took as PNG, which takes longest. */
const WRITING_MS = 600;
/** How much of ffmpeg's last words is kept, to say why it ended. */
const KEPT_WORDS = 2048;
/** A second is the unit of time, so that no rounding of ffmpeg's can move a frame. */
const TICK_NS = 1_000_000_000;
const TRACK = 1;
const MARKER_SIZE = { pixelWidth: 16, pixelHeight: 16 } as const;
const MARKER_BYTES = MARKER_SIZE.pixelWidth * MARKER_SIZE.pixelHeight * BYTES_OF_PIXEL;

function fileHeader({ codecId }: Bitstream): Buffer {
  const track = { number: TRACK, type: "video", codecId, video: MARKER_SIZE, defaultDurationNs: TICK_NS } as const;
  const info = infoElement({ timecodeScaleNs: TICK_NS, muxingApp: "Kvass", writingApp: "Kvass" });
  return Buffer.concat([ebmlHeader(), segmentHeader(), info, tracksElement([track])]);
}

/**
 * Takes a picture while others are decoded: three bytes (red, green, blue) for each pixel, by rows. They are overwritten once the promise is
 * settled.
 *
 * @param rank that of its frame
 */
export type PictureSink = (rank: number, picture: Buffer) => Promise<void>;

/** What precedes a frame's bytes: each lies in a Cluster of its own. */
function frameHeader(pieces: readonly Uint8Array[], keyframe: boolean, time: number): Buffer {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const block = simpleBlockHeader({ trackNumber: TRACK, relativeTimecode: 0, keyframe }, length);
  return Buffer.concat([clusterHeader(time, block.length + length), block]);
}

/**
 * Milliseconds after which a decoder that has not answered is stuck: by how much there is to decode, and to do with what is wanted, and with
 * the pixels of pictures that came before.
 */
export function patienceFor(frames: readonly QueuedFrame[], pendingPixels = 0): number {
  let ms = PATIENCE_MS + (pendingPixels / 1e6) * WRITING_MS;
  for (const { pixels, isWanted } of frames) ms += (pixels / 1e6) * (isWanted ? DECODING_MS + WRITING_MS : DECODING_MS);
  return Math.ceil(ms);
}

/** The frames that a decoder works on. */
interface Task {
  /** Time of the first frame, and of the one behind the last, which shows that all before it have been decoded as far as they can be. */
  readonly begin: number;
  readonly end: number;
  readonly sink: PictureSink;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * A decoder that lives from one picture to the next: an ffmpeg that reads one endless Matroska stream. Each task is the beginning of a group
 * of pictures; small black pictures behind it drive out what the decoder holds back, whatever the codec's order of frames. Frames have
 * odd times where their picture is wanted, and even ones where it is not. It ends when its input does: also when this process is killed.
 */
export class DecoderProcess {
  readonly codec: VideoCodecName;
  readonly #options: DecoderOptions;
  readonly #bitstream: Bitstream;
  readonly #child: DecoderChild;
  readonly #stdin: Writable;
  readonly #stdout: Readable;
  readonly #exited: Promise<unknown>;
  readonly #buffers = new PictureBuffers();
  #failure: Error | undefined;
  #lastWords = "";
  #task: Task | undefined;
  /** Pictures that a sink works on, of this task or the one before, and how many pixels they have in all. */
  #pending = 0;
  #pendingPixels = 0;
  /** An even number beyond every time that has been used. */
  #clock = 2;

  /**
   * Starts it. That it cannot be started shows in the first `decode`, if not now.
   *
   * @throws DecoderUnavailable
   */
  constructor(codec: VideoCodecName, options: DecoderOptions) {
    this.codec = codec;
    this.#options = options;
    this.#bitstream = BITSTREAMS[codec];
    this.#child = startDecoder(options.ffmpeg);
    const { stdin, stdout, stderr } = this.#child;
    this.#stdin = stdin;
    this.#exited = once(this.#child, "exit").catch((error: unknown) => this.#fail(startFailure(error, options.ffmpeg)));
    this.#child.once("exit", (code, signal) => this.#fail(this.#ended(code, signal)));
    stdin.on("error", () => {});
    stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-KEPT_WORDS);
    });
    this.#stdout = stdout;
    this.#readPictures(stdout);
    const first = [this.#bitstream.marker];
    // A decoder that has seen no IDR picture yet gives out none of a group that begins with another key frame.
    stdin.write(Buffer.concat([fileHeader(this.#bitstream), frameHeader(first, true, 0), ...first]));
  }

  /** False where it has ended: it decodes no more. */
  get isAlive(): boolean {
    return this.#failure === undefined;
  }

  /** The id of the process, undefined where it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Decodes frames that begin with a key frame, in decoding order, and gives `sink` the picture of each wanted one. What is damaged or
   * missing in one that is not beyond repair is concealed, there and in those that refer to it.
   * Resolves when `sink` has been given all, though it may not be done with the last: others can be decoded meanwhile. One call at a time. The frames
   * are not read any more once it has settled.
   *
   * @throws what `sink` rejects with until then
   * @throws DecoderMissing and DecoderUnavailable where the program cannot be started
   * @throws DecoderFailed where it ends or is too slow; it is gone then
   */
  async decode(frames: readonly QueuedFrame[], sink: PictureSink): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const begin = this.#clock;
    const task: Task = { begin, end: begin + 2 * frames.length + 1, sink, done: Promise.withResolvers() };
    this.#task = task;
    const patience = Math.min(patienceFor(frames, this.#pendingPixels), this.#options.answersWithinMs);
    const timer = setTimeout(() => this.#giveUp(patience), patience);
    try {
      this.#queue(frames, begin);
      await task.done.promise;
      await this.#retireIfDamaged();
    } catch (error) {
      // Frames that it has not taken yet lie in memory that may serve other streams from now on.
      if (this.#stdin.writableLength > 0) void this.end();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#task = undefined;
    }
  }

  /**
   * Ends it where it has complained. What libavcodec conceals leaves its traces: the next pictures of a sound stream, which may be another's,
   * came out with blocks that were up to 54 of 255 levels off.
   */
  async #retireIfDamaged(): Promise<void> {
    // Complaints precede the last picture, but on another pipe: the poll after this one finds them.
    await nextTurn();
    await nextTurn();
    if (this.#lastWords !== "") void this.end();
  }

  /** Ends it; resolves when it is gone. */
  async end(): Promise<void> {
    this.#failure ??= new DecoderFailed("the decoder has been ended", false);
    this.#stdin.destroy();
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #queue(frames: readonly QueuedFrame[], begin: number): void {
    this.#stdin.cork();
    for (const { pieces, keyframe, rank, isWanted } of frames) {
      this.#stdin.write(frameHeader(pieces, keyframe, begin + 2 * rank + (isWanted ? 1 : 0)));
      for (const piece of pieces) this.#stdin.write(piece);
    }
    this.#clock = begin + 2 * frames.length;
    this.#stdin.write(this.#markers());
    this.#stdin.uncork();
  }

  /** The end of a task: a picture that shows it, and as many as drive that one out. */
  #markers(): Buffer {
    const pieces = [this.#bitstream.marker];
    const parts = [frameHeader(pieces, true, this.#clock + 1), ...pieces];
    for (let i = 0; i <= MAX_REORDERED; i++) {
      this.#clock += 2;
      parts.push(frameHeader(pieces, true, this.#clock), ...pieces);
    }
    this.#clock += 2;
    return Buffer.concat(parts);
  }

  #readPictures(stdout: Readable): void {
    const allocate = (bytes: number): Buffer =>
      bytes === MARKER_BYTES ? Buffer.allocUnsafe(bytes) : this.#buffers.take(bytes);
    const reader = new NutReader((time, picture) => this.#take(time, picture), MAX_PICTURE_BYTES, allocate);
    stdout.on("error", () => {});
    stdout.on("data", (chunk: Buffer<ArrayBuffer>) => {
      try {
        reader.feed(chunk);
        // Its memory is let go of now: a picture comes in dozens of chunks, and to find them again took the garbage collector longer than all else.
        chunk.buffer.transfer(0);
      } catch (error) {
        stdout.destroy();
        this.#child.kill("SIGKILL");
        this.#fail(new DecoderFailed(`ffmpeg's output cannot be read: ${(error as Error).message}`, false));
      }
    });
  }

  #take(time: number, picture: Buffer): void {
    const task = this.#task;
    if (task === undefined || time < task.begin || time > task.end) return;
    if (time === task.end) {
      task.done.resolve();
      return;
    }
    const pixels = picture.length / BYTES_OF_PIXEL;
    this.#pending++;
    this.#pendingPixels += pixels;
    if (this.#pending >= MAX_PENDING) this.#stdout.pause();
    const settle = (): void => {
      this.#buffers.give(picture);
      this.#pending--;
      this.#pendingPixels -= pixels;
      if (this.#pending < MAX_PENDING) this.#stdout.resume();
    };
    task
      .sink((time - 1 - task.begin) / 2, picture)
      .catch(task.done.reject)
      .finally(settle);
  }

  #giveUp(ms: number): void {
    this.#child.kill("SIGKILL");
    this.#fail(new DecoderFailed(`ffmpeg did not answer within ${ms} ms`, true));
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): DecoderFailed {
    const words = this.#lastWords.trim().split("\n").at(-1) ?? "";
    return new DecoderFailed(`ffmpeg ended with ${signal ?? code}${words === "" ? "" : `: ${words}`}`, false);
  }

  #fail(failure: Error): void {
    this.#failure ??= failure;
    this.#task?.done.reject(this.#failure);
  }
}
