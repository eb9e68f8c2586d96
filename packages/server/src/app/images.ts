import { DecoderPool } from "../domain/images/decoder-pool.ts";
import { Images, type ImagesOptions } from "../domain/images/images.ts";
import type { Settings } from "./config/options.ts";
import type { EventLog } from "./event-log.ts";

/** Images, and how to end what they are made with. */
export interface WiredImages {
  readonly images: Images;
  /** Ends the decoders; images that are under way are not made. */
  stop(): Promise<void>;
}

/** What images are made from. */
type Parts = Pick<ImagesOptions, "index" | "archive" | "points" | "metrics">;

/** Wires what makes images; decoders start when the first is asked for. */
export function wireImages(
  settings: Settings,
  parts: Parts,
  { report, tell }: Pick<EventLog, "tell" | "report">,
): WiredImages {
  const { ffmpeg, imageDecoders } = settings;
  const decoders = new DecoderPool({ ffmpeg, size: imageDecoders, tell });
  return {
    images: new Images({ ...parts, decoders, concurrency: imageDecoders, report }),
    stop: () => decoders.close(),
  };
}
