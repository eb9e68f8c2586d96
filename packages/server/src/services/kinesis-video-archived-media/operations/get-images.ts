import type { GetImagesInput, Image } from "@aws-sdk/client-kinesis-video-archived-media";
import type { Checked } from "../../../aws/handler.ts";
import { DomainError } from "../../../domain/errors.ts";
import type { ImageRequest } from "../../../domain/images/image-request.ts";
import type { Images, StreamImage } from "../../../domain/images/images.ts";
import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoArchivedMediaHandlers } from "../service.ts";

/** Where a request leaves them out (AWS docs, "GetImages"). */
const DEFAULT_INTERVAL_MS = 3000;
const DEFAULT_QUALITY = 80;
const DEFAULT_MAX_RESULTS = 25;

/** GetImages: a still image of the stream for each moment of a range. */
export function getImages(streams: StreamRegistry, images: Images): KinesisVideoArchivedMediaHandlers["GetImages"] {
  return async (input, context) => {
    const request = requestIn(input);
    const stream = await streams.find(referenceIn(input));
    const place = { token: input.NextToken, limit: input.MaxResults ?? DEFAULT_MAX_RESULTS };
    const page = await images.page(stream, request, place, context.signal);
    return { Images: page.images.map(toImage), NextToken: page.token };
  };
}

function requestIn(input: Checked<GetImagesInput>): ImageRequest {
  return {
    clock: input.ImageSelectorType === "SERVER_TIMESTAMP" ? "serverTimestamp" : "producerTimestamp",
    from: input.StartTimestamp.getTime(),
    to: input.EndTimestamp.getTime(),
    intervalMs: input.SamplingInterval ?? DEFAULT_INTERVAL_MS,
    type: input.Format === "PNG" ? "png" : "jpeg",
    quality: qualityIn(input),
    width: input.WidthPixels,
    height: input.HeightPixels,
  };
}

/** The quality is a string in a map, which the constraints of members say nothing of. */
function qualityIn({ Format, FormatConfig }: Checked<GetImagesInput>): number {
  const text = FormatConfig?.JPEGQuality;
  if (text === undefined) return DEFAULT_QUALITY;
  if (Format !== "JPEG") throw new DomainError("invalid-argument", "JPEGQuality is for the format JPEG alone.");
  const quality = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (quality >= 1 && quality <= 100) return quality;
  throw new DomainError("invalid-argument", `JPEGQuality must be a number from 1 to 100, not "${text}".`);
}

function toImage({ timestamp, outcome }: StreamImage): Image {
  const TimeStamp = new Date(timestamp);
  if (typeof outcome === "string") return { TimeStamp, Error: outcome };
  return { TimeStamp, ImageContent: outcome.toString("base64") };
}
