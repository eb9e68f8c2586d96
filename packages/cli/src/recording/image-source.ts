import {
  type GetImagesInput,
  KinesisVideoArchivedMediaClient,
  paginateGetImages,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { type Connection, dataEndpoint } from "@kvass/client";
import { fragmentsInRange } from "../archive.ts";
import { nothingStored } from "../retention.ts";
import type { Moment } from "../time.ts";

/** Which images: one at `from`, and where `everyMs` is given one each so often up to `to`. Times in milliseconds since the epoch. */
export interface ImageQuery {
  readonly from: number;
  readonly to: number;
  readonly everyMs: number;
  readonly clock: "producer" | "server";
  readonly format: "jpeg" | "png";
  /** 1 to 100. */
  readonly quality: number | undefined;
  /** Pixels. */
  readonly width: number | undefined;
  readonly height: number | undefined;
}

/** The image of a moment, or why there is none. */
export interface ReceivedImage {
  readonly time: number;
  readonly image: Uint8Array | NoImage;
}

/** Why there is no image, as GetImages names it: `NO_MEDIA`, `MEDIA_ERROR`. */
export interface NoImage {
  readonly reason: string;
}

/** The longest range of one request (AWS docs, "GetImages"). */
const LONGEST_RANGE_MS = 300_000;
/** The most that one call returns (AWS docs, "GetImages"). */
const PAGE_SIZE = 25;

/** `earliest` as a time: when what is stored begins. Throws {@link CliError} where nothing is. */
export async function resolveMoment(
  connection: Connection,
  stream: string,
  moment: Moment,
  clock: "producer" | "server",
): Promise<number> {
  if (moment !== "earliest") return moment;
  let first: number | undefined;
  let left = PAGE_SIZE;
  for await (const fragment of fragmentsInRange(connection, stream, { from: 0, to: Date.now(), clock })) {
    const time = clock === "producer" ? fragment.producerTimestamp : fragment.serverTimestamp;
    if (first === undefined || time < first) first = time;
    if (--left === 0) break;
  }
  if (first === undefined) throw await nothingStored(connection, stream, clock);
  return first;
}

/** Yields the images in the order of time; in as many requests as the range needs. Throws the exceptions of the archive API. */
export async function* imagesOf(
  connection: Connection,
  stream: string,
  query: ImageQuery,
  signal: AbortSignal,
): AsyncGenerator<ReceivedImage, void> {
  const endpoint = await dataEndpoint(connection, "GET_IMAGES", { streamName: stream });
  const { region, credentials } = connection;
  const client = new KinesisVideoArchivedMediaClient({ endpoint, region, credentials });
  const perRequest = Math.floor(LONGEST_RANGE_MS / query.everyMs) + 1;
  try {
    for (let from = query.from; from <= query.to; from += perRequest * query.everyMs) {
      const to = Math.min(query.to, from + LONGEST_RANGE_MS);
      const input = { ...inputOf(query, from, to), StreamName: stream };
      for await (const { Images = [] } of paginateGetImages({ client, pageSize: PAGE_SIZE }, input)) {
        for (const { TimeStamp, ImageContent, Error: reason = "" } of Images) {
          if (signal.aborted) return;
          const image = ImageContent === undefined ? { reason } : Buffer.from(ImageContent, "base64");
          yield { time: TimeStamp?.getTime() ?? Number.NaN, image };
        }
      }
    }
  } finally {
    client.destroy();
  }
}

function inputOf(
  { clock, format, quality, width, height, everyMs }: ImageQuery,
  from: number,
  to: number,
): GetImagesInput {
  return {
    ImageSelectorType: clock === "producer" ? "PRODUCER_TIMESTAMP" : "SERVER_TIMESTAMP",
    StartTimestamp: new Date(from),
    EndTimestamp: new Date(to),
    SamplingInterval: everyMs,
    Format: format === "png" ? "PNG" : "JPEG",
    ...(quality !== undefined && { FormatConfig: { JPEGQuality: String(quality) } }),
    WidthPixels: width,
    HeightPixels: height,
  };
}
