import type { StreamReference } from "../domain/streams/registry.ts";

/** How an input names its stream: most operations take the name or the ARN. */
export function referenceIn(input: {
  StreamName?: string | undefined;
  StreamARN?: string | undefined;
}): StreamReference {
  return { name: input.StreamName, arn: input.StreamARN };
}
