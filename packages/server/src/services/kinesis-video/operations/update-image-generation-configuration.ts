import type { ImageGenerationConfiguration } from "@aws-sdk/client-kinesis-video";
import type { Checked } from "../../../aws/handler.ts";
import { DomainError } from "../../../domain/errors.ts";
import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoHandlers } from "../service.ts";

/** `"1"` to `"100"` (AWS docs, "ImageGenerationConfiguration", FormatConfig). */
const JPEG_QUALITY = /^([1-9]\d?|100)$/;

/** UpdateImageGenerationConfiguration: sets the configuration, or removes it where the request has none. */
export function updateImageGenerationConfiguration(
  streams: StreamRegistry,
): KinesisVideoHandlers["UpdateImageGenerationConfiguration"] {
  return async (input, { region }) => {
    const configuration = input.ImageGenerationConfiguration;
    if (configuration !== undefined) check(configuration, region);
    const stream = await streams.find(referenceIn(input));
    await stream.setImageGeneration(configuration && JSON.stringify(configuration));
    return {};
  };
}

/** The rules between members, which no constraint of a single member can say. */
function check(configuration: Checked<ImageGenerationConfiguration>, region: string): void {
  const { DestinationConfig, Format, FormatConfig } = configuration;
  if (DestinationConfig.DestinationRegion !== region) {
    throw new DomainError("invalid-argument", `DestinationRegion must be the stream's region, ${region}.`);
  }
  if (FormatConfig === undefined) return;
  if (Format !== "JPEG") {
    throw new DomainError("invalid-argument", "FormatConfig is only for images of the format JPEG.");
  }
  if (!JPEG_QUALITY.test(FormatConfig.JPEGQuality ?? "")) {
    throw new DomainError("invalid-argument", "JPEGQuality must be a whole number from 1 to 100.");
  }
}
