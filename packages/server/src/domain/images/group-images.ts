import { CodecError, describeTrack, MatroskaError, type MatroskaTrack, type VideoCodec } from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import { RecordDamaged } from "../../storage/ports/journal.ts";
import { type FragmentArchive, FragmentGone } from "../fragments/archive.ts";
import { MAX_REORDER_MS } from "../fragments/group-of-pictures.ts";
import { LayoutError } from "../fragments/layout.ts";
import { type LentBytes, releaseAll } from "../lent-bytes.ts";
import type { Stream } from "../streams/stream.ts";
import { BITSTREAMS } from "./bitstream.ts";
import type { DecoderPool } from "./decoder-pool.ts";
import { DecoderFailed } from "./decoder-process.ts";
import { type FragmentTimeline, MAX_HOLD_MS } from "./fragment-timeline.ts";
import { readVideo, type VideoFrame } from "./fragment-video.ts";
import { firstShown, frameAt, framesToQueue, keyFrameFor } from "./frame-selection.ts";
import type { ImageRequest } from "./image-request.ts";
import { encodePicture } from "./picture-encoder.ts";

/** An image as a file, or why there is none: nothing was recorded then, or what was recorded gives no picture. */
export type ImageOutcome = Buffer | "NO_MEDIA" | "MEDIA_ERROR";

/** What a group of images is made from. */
export interface GroupOptions {
  readonly archive: FragmentArchive;
  readonly decoders: DecoderPool;
  readonly stream: Stream;
  readonly timeline: FragmentTimeline;
  readonly request: ImageRequest;
  /** Told what kept an image from being made. */
  readonly report: (error: unknown) => void;
}

/** Bytes of frames beyond which no further fragment is read to find a key frame in: a minute at 8 Mbit/s. */
const MAX_GROUP_BYTES = 64 * 2 ** 20;

/** Makes the images of the moments that lie in one fragment: it is read once, and each group of pictures decoded once. */
export class GroupImages {
  readonly #options: GroupOptions;
  /** The fragment's frames, and those of the fragments around it that had to be read as well. In the order of decoding. */
  #frames: VideoFrame[] = [];
  /** What they lie in. */
  readonly #pieces: LentBytes[] = [];
  #track: MatroskaTrack | undefined;
  #bytes = 0;

  constructor(options: GroupOptions) {
    this.#options = options;
  }

  /**
   * An outcome for each moment (milliseconds since the epoch on the request's clock, ascending), all of which lie in the fragment of `row`.
   *
   * @throws DomainError `no-decoder`
   * @throws KeyUnavailable
   */
  async make(row: FragmentRow, instants: readonly number[]): Promise<ImageOutcome[]> {
    try {
      return await this.#make(row, instants);
    } catch (error) {
      if (error instanceof FragmentGone) return instants.map(() => "NO_MEDIA");
      if (!isAboutMedia(error)) throw error;
      this.#report(error);
      return instants.map(() => "MEDIA_ERROR");
    } finally {
      releaseAll(this.#pieces);
    }
  }

  async #make(row: FragmentRow, instants: readonly number[]): Promise<ImageOutcome[]> {
    const { clock } = this.#options.request;
    // Frames have times of the producer's clock; the moments are brought to it.
    const times = instants.map((instant) => instant - row[clock] + row.producerTimestamp);
    await this.#read(row, times[0]!, times.at(-1)!);
    if (this.#track === undefined) return instants.map(() => "MEDIA_ERROR");
    const wanted = times.map((time) => this.#frameFor(time));
    const images = await this.#decode([...new Set(wanted)].filter((at) => at !== undefined));
    return wanted.map((at) => (at === undefined ? "NO_MEDIA" : (images.get(at) ?? "MEDIA_ERROR")));
  }

  /** Reads the fragment, and those around it that are needed to decode what is seen from `first` to `last`. */
  async #read(row: FragmentRow, first: number, last: number): Promise<void> {
    const { timeline } = this.#options;
    await this.#readOne(row);
    if (this.#track === undefined) return;
    for (
      let next = this.#mayBeReordered() ? timeline.after(row) : undefined;
      next !== undefined;
      next = timeline.after(next)
    ) {
      if (next.producerTimestamp - last > MAX_REORDER_MS || this.#bytes > MAX_GROUP_BYTES) break;
      const frames = await this.#readOneBehind(next);
      // Pictures that are seen before a key frame come right behind it.
      if (frames === undefined || (next.startsClean && !frames.some(({ time }) => time <= last))) break;
    }
    for (let next = timeline.before(row); next !== undefined; next = timeline.before(next)) {
      const at = frameAt(this.#frames, first);
      const isFound = at !== undefined && keyFrameFor(this.#frames, at) !== undefined;
      if (isFound || this.#bytes > MAX_GROUP_BYTES) break;
      await this.#readOne(next, true);
    }
  }

  /** Whether frames may be seen before others that are decoded before them, for all that their codec says. */
  #mayBeReordered(): boolean {
    const key = this.#frames.findIndex(({ keyframe }) => keyframe);
    return key === -1 || this.#codecFrom(key).reorderFrames !== 0;
  }

  /** Reads one behind, of which few pictures may be of use: undefined where it cannot be read, which takes nothing from those before it. */
  async #readOneBehind(row: FragmentRow): Promise<readonly VideoFrame[] | undefined> {
    try {
      return await this.#readOne(row);
    } catch (error) {
      if (!(error instanceof FragmentGone)) {
        if (!isAboutMedia(error)) throw error;
        this.#report(error);
      }
      return undefined;
    }
  }

  /** Reads one more fragment, behind those that have been read or before them. */
  async #readOne(row: FragmentRow, isBefore = false): Promise<readonly VideoFrame[]> {
    const { track, frames, bytes, pieces } = await readVideo(this.#options.archive, this.#options.stream, row);
    this.#track ??= track;
    this.#bytes += bytes;
    this.#pieces.push(...pieces);
    this.#frames = isBefore ? [...frames, ...this.#frames] : [...this.#frames, ...frames];
    return frames;
  }

  /** The frame that is seen at a time; where sound begins first, the picture that soon follows. */
  #frameFor(time: number): number | undefined {
    const at = frameAt(this.#frames, time);
    if (at !== undefined) return at;
    const first = firstShown(this.#frames);
    return first !== undefined && this.#frames[first]!.time - time <= MAX_HOLD_MS ? first : undefined;
  }

  /** Images of frames, by their index; none where a frame cannot be decoded. */
  async #decode(wanted: readonly number[]): Promise<Map<number, Buffer>> {
    const byStart = new Map<number, number[]>();
    for (const at of wanted.toSorted((a, b) => a - b)) {
      const start = keyFrameFor(this.#frames, at);
      if (start === undefined) continue;
      const group = byStart.get(start);
      if (group === undefined) byStart.set(start, [at]);
      else group.push(at);
    }
    const images = new Map<number, Buffer>();
    for (const [start, group] of byStart) await this.#decodeGroup(start, group, images);
    return images;
  }

  async #decodeGroup(start: number, wanted: readonly number[], images: Map<number, Buffer>): Promise<void> {
    const { decoders, request } = this.#options;
    try {
      const codec = this.#codecFrom(start);
      const { queue, indexOf } = framesToQueue(this.#frames, start, wanted, codec, BITSTREAMS[codec.name]);
      await decoders.decode(codec.name, queue, async (rank, data) => {
        const size = this.#sizeOf(data, codec, start);
        if (size !== undefined) images.set(indexOf.get(rank)!, await encodePicture({ data, ...size }, request));
      });
    } catch (error) {
      if (!isAboutMedia(error)) throw error;
      this.#report(error);
    }
  }

  /** What a producer sends is its own affair; that something cannot be read or decoded is the operator's as well. */
  #report(error: unknown): void {
    if (!(error instanceof CodecError || error instanceof MatroskaError)) this.#options.report(error);
  }

  /** The codec that a key frame begins. Throws CodecError where it is none that images are made from. */
  #codecFrom(start: number, track = this.#track!): VideoCodec {
    const codec = describeTrack(track, this.#frames[start]!.data);
    if (codec.kind === "video") return codec;
    throw new CodecError("unsupported", track.codecId, "not a codec of pictures");
  }

  /** Width and height of a decoded picture: as the track says, or else as the key frame itself does; undefined where neither fits. */
  #sizeOf({ length }: Buffer, codec: VideoCodec, start: number): { width: number; height: number } | undefined {
    const fits = ({ width, height }: VideoCodec): boolean => length === 3 * width * height;
    if (fits(codec)) return { width: codec.width, height: codec.height };
    const inBand = this.#codecFrom(start, { ...this.#track!, codecPrivate: undefined });
    return fits(inBand) ? { width: inBand.width, height: inBand.height } : undefined;
  }
}

/** Whether an error means that this media gives no picture, and not that the server cannot make one of any. */
function isAboutMedia(error: unknown): boolean {
  return [CodecError, MatroskaError, RecordDamaged, LayoutError, DecoderFailed].some((type) => error instanceof type);
}
