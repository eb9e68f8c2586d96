import type { Sharp } from "sharp";
import type { ImageFormat } from "./image-request.ts";

/** A decoded picture: three bytes (red, green, blue) for each pixel, by rows. */
export interface Picture {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
}

/** The largest image that can be asked for (AWS docs, "GetImages"); a larger picture is scaled down to it where no size is asked for. */
const MAX_WIDTH = 3840;
const MAX_HEIGHT = 2160;
/** Most pixels of a side that is computed from the other: of a picture that is very much longer than wide. */
const MAX_COMPUTED_SIDE = 8192;
/** Tables of its own make a JPEG a seventh smaller, and take as long as all the rest. */
const JPEG_TABLES = { optimiseCoding: false } as const;
/** zlib's level: beyond it PNG of video takes twice the time for a few parts in a hundred. */
const PNG_LEVEL = 3;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The size of an image in pixels: as asked for, with what is left open computed from the picture. */
export function imageSize(picture: Size, asked: Pick<ImageFormat, "width" | "height">): Size {
  const { width, height } = asked;
  if (width !== undefined && height !== undefined) return { width, height };
  if (width !== undefined) return { width, height: side(picture.height * (width / picture.width)) };
  if (height !== undefined) return { width: side(picture.width * (height / picture.height)), height };
  const scale = Math.min(1, MAX_WIDTH / picture.width, MAX_HEIGHT / picture.height);
  return { width: side(picture.width * scale), height: side(picture.height * scale) };
}

const side = (pixels: number): number => Math.min(MAX_COMPUTED_SIDE, Math.max(1, Math.round(pixels)));

/** Scales a picture and writes it as JPEG or PNG, on a thread of its own. */
export async function encodePicture(picture: Picture, format: ImageFormat): Promise<Buffer> {
  // Loaded with the first image: the library takes some 20 MB that most servers never need.
  const { default: sharp } = await import("sharp");
  // Several images are made at once, so that one need not be made by several threads.
  sharp.concurrency(1);
  const { data, width, height } = picture;
  const image: Sharp = sharp(data, { raw: { width, height, channels: 3 } });
  const size = imageSize(picture, format);
  const scaled = size.width === width && size.height === height ? image : image.resize({ ...size, fit: "fill" });
  const written =
    format.type === "jpeg"
      ? scaled.jpeg({ ...JPEG_TABLES, quality: format.quality })
      : scaled.png({ compressionLevel: PNG_LEVEL });
  return written.toBuffer();
}
