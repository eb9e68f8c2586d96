import type { ImageGenerationConfiguration } from "@aws-sdk/client-kinesis-video";
import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoHandlers } from "../service.ts";

/** DescribeImageGenerationConfiguration: empty where none is set. */
export function describeImageGenerationConfiguration(
  streams: StreamRegistry,
): KinesisVideoHandlers["DescribeImageGenerationConfiguration"] {
  return async (input) => {
    const { imageGeneration } = (await streams.find(referenceIn(input))).record;
    if (imageGeneration === undefined) return {};
    return { ImageGenerationConfiguration: JSON.parse(imageGeneration) as ImageGenerationConfiguration };
  };
}
