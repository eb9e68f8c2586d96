import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import { DomainError } from "../errors.ts";
import type { Metrics } from "../events/metrics.ts";
import type { FragmentArchive } from "../fragments/archive.ts";
import type { FragmentPoints } from "../fragments/fragment-points.ts";
import { Semaphore } from "../fragments/semaphore.ts";
import type { Stream } from "../streams/stream.ts";
import type { DecoderPool } from "./decoder-pool.ts";
import { FragmentTimeline } from "./fragment-timeline.ts";
import { GroupImages, type ImageOutcome } from "./group-images.ts";
import {
  checkRequest,
  hasImage,
  type ImageRequest,
  instantsOf,
  readImageToken,
  writeImageToken,
} from "./image-request.ts";

/** What was to be seen at a moment. */
export interface StreamImage {
  /** Milliseconds since the epoch, on the clock of the request. */
  readonly timestamp: number;
  readonly outcome: ImageOutcome;
}

/** A page of images; `token` asks for the next one and is absent on the last. */
export interface ImagePage {
  readonly images: readonly StreamImage[];
  readonly token?: string;
}

/** What images are made from. */
export interface ImagesOptions {
  readonly index: FragmentIndex;
  readonly archive: FragmentArchive;
  readonly decoders: DecoderPool;
  readonly points: FragmentPoints;
  readonly metrics: Metrics;
  /** Decoders that there are: so many groups of pictures are decoded at a time. */
  readonly concurrency: number;
  /** A page ends behind the image that exceeds so many bytes in all. */
  readonly maxPageBytes?: number;
  /** Told what kept an image from being made, where that is not the request. */
  readonly report: (error: unknown) => void;
}

/** Most images of a page (AWS docs, "GetImages"). */
const MAX_PAGE = 25;
/** Groups that are worked on beside those that are decoded, so that no decoder waits: one is read, and the image of another is written. */
const BESIDE = 2;
/** Points for metadata of one call, beside one for each image (AWS docs, "Kinesis Video Streams service quotas"). */
const METADATA_POINTS = 400;
/** Bytes of images that a page may exceed by one image: it is one JSON document in memory, a third as large again. */
const MAX_PAGE_BYTES = 32 * 2 ** 20;
/** Groups of pictures that wait to be worked on, over all requests; beyond it a caller had better come again. */
const MAX_WAITING = 256;

/** Moments that lie in one fragment, or in none. */
interface Group {
  readonly row: FragmentRow | undefined;
  /** Milliseconds since the epoch on the clock of the request, ascending. */
  readonly instants: number[];
  readonly timeline: FragmentTimeline;
}

/** Makes images of what streams have archived. */
export class Images {
  readonly #options: ImagesOptions;
  readonly #slots: Semaphore;
  #waiting = 0;

  constructor(options: ImagesOptions) {
    this.#options = options;
    this.#slots = new Semaphore(options.concurrency + BESIDE);
  }

  /**
   * At most `limit` images of a stream, one for each moment of the request, from its first or from where the token of a page before it
   * ended. For a moment without a picture the outcome says why.
   *
   * @param signal aborted when nobody waits for the answer any more
   * @throws DomainError `invalid-argument` where the range or the token is wrong, `no-data-retention` where the stream keeps nothing,
   * `no-decoder` where ffmpeg cannot be started, `stream-not-found` where it was deleted meanwhile, `client-limit` where too many images are being made
   */
  async page(
    stream: Stream,
    request: ImageRequest,
    { token, limit }: { readonly token: string | undefined; readonly limit: number },
    signal: AbortSignal,
  ): Promise<ImagePage> {
    const metrics = this.#options.metrics.of(stream.name).getImages;
    const begin = performance.now();
    metrics.requests++;
    const made = this.#page(stream, request, token, Math.min(limit, MAX_PAGE), signal);
    const page = await made.catch((error: unknown) => {
      throw stream.explain(error);
    });
    metrics.latency.add(performance.now() - begin);
    metrics.success++;
    return page;
  }

  async #page(
    stream: Stream,
    request: ImageRequest,
    token: string | undefined,
    most: number,
    signal: AbortSignal,
  ): Promise<ImagePage> {
    checkRequest(request);
    const first = token === undefined ? 0 : readImageToken(stream, request, token);
    if (!stream.archives) {
      throw new DomainError("no-data-retention", "The stream keeps no data, so there are no images of it.");
    }
    this.#options.points.spendMetadata(stream, METADATA_POINTS + most);
    this.#options.points.spendMedia(stream, most);
    const instants = instantsOf(request, first, most);
    const groups = await this.#groups(stream, request, instants);
    const images = await this.#run(groups, (group) => this.#images(stream, request, group, signal));
    const next = first + images.length;
    return hasImage(request, next) ? { images, token: writeImageToken(stream, request, next) } : { images };
  }

  async #groups(stream: Stream, request: ImageRequest, instants: readonly number[]): Promise<Group[]> {
    if (instants.length === 0) return [];
    const scope = { streamId: stream.id, horizon: stream.horizon() };
    const span = { first: instants[0]!, last: instants.at(-1)! };
    const timeline = await FragmentTimeline.load(this.#options.index, scope, request.clock, span);
    const groups: Group[] = [];
    for (const instant of instants) {
      const row = timeline.at(instant);
      const last = groups.at(-1);
      if (last !== undefined && last.row === row) last.instants.push(instant);
      else groups.push({ row, instants: [instant], timeline });
    }
    return groups;
  }

  /**
   * Works on several groups at a time; gives their images in order, up to the size of a page. A group that takes long, as one whose moment lies at the
   * end of its pictures does, keeps none behind it from being begun.
   */
  async #run(groups: readonly Group[], make: (group: Group) => Promise<StreamImage[]>): Promise<StreamImage[]> {
    const { concurrency, maxPageBytes = MAX_PAGE_BYTES } = this.#options;
    const made: StreamImage[][] = [];
    let begun = 0;
    let bytes = 0;
    const work = async (): Promise<void> => {
      while (begun < groups.length && bytes <= maxPageBytes) {
        const at = begun++;
        made[at] = await make(groups[at]!);
        for (const image of made[at]) bytes += imageBytes(image);
      }
    };
    const stop = (error: unknown): never => {
      begun = groups.length;
      throw error;
    };
    await Promise.all(Array.from({ length: concurrency + BESIDE }, () => work().catch(stop)));
    return firstOf(made.flat(), maxPageBytes);
  }

  async #images(stream: Stream, request: ImageRequest, group: Group, signal: AbortSignal): Promise<StreamImage[]> {
    const { row, instants, timeline } = group;
    if (row === undefined) return instants.map((timestamp) => ({ timestamp, outcome: "NO_MEDIA" }));
    if (this.#waiting >= MAX_WAITING) {
      throw new DomainError("client-limit", "Too many images are being made; try again later.");
    }
    const { archive, decoders, report } = this.#options;
    this.#waiting++;
    try {
      return await this.#slots.run(async () => {
        signal.throwIfAborted();
        const images = new GroupImages({ archive, decoders, report, stream, timeline, request });
        const outcomes = await images.make(row, instants);
        return instants.map((timestamp, i) => ({ timestamp, outcome: outcomes[i]! }));
      });
    } finally {
      this.#waiting--;
    }
  }
}

const imageBytes = ({ outcome }: StreamImage): number => (Buffer.isBuffer(outcome) ? outcome.length : 0);

/** The first of some images, up to the one that exceeds so many bytes in all. */
function firstOf(images: readonly StreamImage[], maxBytes: number): StreamImage[] {
  let bytes = 0;
  const last = images.findIndex((image) => {
    bytes += imageBytes(image);
    return bytes > maxBytes;
  });
  return last === -1 ? [...images] : images.slice(0, last + 1);
}
