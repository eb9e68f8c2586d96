import type { VideoCodecName } from "@kvass/media";
import { DomainError } from "../errors.ts";
import type { Tell } from "../events/events.ts";
import { Semaphore } from "../fragments/semaphore.ts";
import { DecoderFailed, DecoderProcess, type PictureSink, type QueuedFrame } from "./decoder-process.ts";
import { DecoderMissing, DecoderUnavailable } from "./decoder-start.ts";

/** How many decoders there are, and for how long. */
export interface DecoderPoolOptions {
  /** Name or path of ffmpeg. */
  readonly ffmpeg: string;
  /** Decoders at a time, of all codecs together. */
  readonly size: number;
  /** A decoder without work ends after so many milliseconds. */
  readonly idleMs?: number;
  /** A decoder that has not answered after so many milliseconds is killed; one with little to do, earlier. */
  readonly answersWithinMs?: number;
  readonly tell?: Tell;
}

/** A picture a minute, as a console's overview asks for, finds the decoder warm; after 720p each takes some 60 MB while it waits. */
const IDLE_MS = 90_000;
/** A group of 20 s of 4K video takes some 10 s on one core; what takes longer than this is stuck. Less work is given less time. */
const ANSWERS_WITHIN_MS = 30_000;

/** Decoders that are kept warm: started when they are needed, ended when they have been idle for a while, replaced when they fail. */
export class DecoderPool {
  readonly #options: DecoderPoolOptions & Required<Omit<DecoderPoolOptions, "tell">>;
  readonly #slots: Semaphore;
  /** Those without work, the one used last at the end. */
  readonly #idle: DecoderProcess[] = [];
  readonly #busy = new Set<DecoderProcess>();
  readonly #ends = new Map<DecoderProcess, NodeJS.Timeout>();
  #isClosed = false;

  constructor(options: DecoderPoolOptions) {
    this.#options = { idleMs: IDLE_MS, answersWithinMs: ANSWERS_WITHIN_MS, ...options };
    this.#slots = new Semaphore(options.size);
  }

  /** Ids of the decoders' processes. */
  get pids(): number[] {
    return [...this.#idle, ...this.#busy].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /**
   * Decodes frames as `DecoderProcess.decode` does, as soon as a decoder is free. Where one ends over it, another one tries once more, and
   * `sink` may get a picture twice. Resolves when `sink` is done with all; the decoder serves others while it works on the last.
   *
   * @throws DomainError `no-decoder` where ffmpeg cannot be started, `decoder-unavailable` where it may be soon
   * @throws DecoderFailed
   */
  async decode(codec: VideoCodecName, frames: readonly QueuedFrame[], sink: PictureSink): Promise<void> {
    const taken: Promise<void>[] = [];
    const noted: PictureSink = (rank, picture) => {
      const done = sink(rank, picture);
      taken.push(done);
      return done;
    };
    try {
      await this.#slots.run(() => this.#decodeTwice(codec, frames, noted));
    } catch (error) {
      if (error instanceof DecoderUnavailable) throw unavailable(error);
      throw error instanceof DecoderMissing ? noDecoder(error) : error;
    }
    await Promise.all(taken);
  }

  /** Ends all decoders, also those at work. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#ends.values()) clearTimeout(timer);
    await Promise.all([...this.#idle.splice(0), ...this.#busy].map((decoder) => decoder.end()));
  }

  async #decodeTwice(codec: VideoCodecName, frames: readonly QueuedFrame[], sink: PictureSink): Promise<void> {
    try {
      await this.#decodeOnce(codec, frames, sink);
    } catch (error) {
      // What killed one decoder kills the next as well, unless it was something else that did: once is enough to tell.
      if (!(error instanceof DecoderFailed) || error.isStuck || this.#isClosed) throw error;
      await this.#decodeOnce(codec, frames, sink);
    }
  }

  async #decodeOnce(codec: VideoCodecName, frames: readonly QueuedFrame[], sink: PictureSink): Promise<void> {
    if (this.#isClosed) throw new DecoderFailed("the server is stopping", false);
    const decoder = this.#acquire(codec);
    this.#busy.add(decoder);
    try {
      await decoder.decode(frames, sink);
    } catch (error) {
      if (error instanceof DecoderFailed && !this.#isClosed) {
        this.#options.tell?.("decoder lost", { codec, message: error.message });
      }
      throw error;
    } finally {
      this.#busy.delete(decoder);
      this.#release(decoder);
    }
  }

  /** A warm decoder of the codec, else a new one; where all there may be are idle ones of other codecs, in the place of the one idle longest. */
  #acquire(codec: VideoCodecName): DecoderProcess {
    for (let at = this.#idle.length - 1; at >= 0; at--) {
      const decoder = this.#idle[at]!;
      if (decoder.codec === codec && decoder.isAlive) return this.#takeIdle(at);
    }
    if (this.#idle.length + this.#busy.size >= this.#options.size) void this.#takeIdle(0).end();
    return new DecoderProcess(codec, this.#options);
  }

  #takeIdle(at: number): DecoderProcess {
    const [decoder] = this.#idle.splice(at, 1);
    clearTimeout(this.#ends.get(decoder!));
    this.#ends.delete(decoder!);
    return decoder!;
  }

  #release(decoder: DecoderProcess): void {
    if (!decoder.isAlive || this.#isClosed) return;
    this.#idle.push(decoder);
    const timer = setTimeout(() => {
      void this.#takeIdle(this.#idle.indexOf(decoder)).end();
    }, this.#options.idleMs);
    this.#ends.set(decoder, timer.unref());
  }
}

function noDecoder(cause: DecoderMissing): DomainError {
  const message = `Images need ffmpeg on the server: ${cause.message}. Install it (Debian: apt-get install ffmpeg), or set --ffmpeg PATH.`;
  return new DomainError("no-decoder", message, { cause });
}

function unavailable(cause: DecoderUnavailable): DomainError {
  return new DomainError(
    "decoder-unavailable",
    `The server has no room for a decoder at the moment: ${cause.message}.`,
    { cause },
  );
}
