import type { StartSelector as SdkStartSelector } from "@aws-sdk/client-kinesis-video-media";
import type { Checked } from "../../../aws/handler.ts";
import { DomainError } from "../../../domain/errors.ts";
import type { MediaReader } from "../../../domain/fragments/media-reader.ts";
import type { StartSelector } from "../../../domain/fragments/start-selector.ts";
import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoMediaHandlers } from "../service.ts";

/** What recorded answers of GetMedia say; the body is Matroska all the same. */
const MEDIA_CONTENT_TYPE = "video/webm";

/** GetMedia: chunks from where the selector points, for as long as there are some. */
export function getMedia(streams: StreamRegistry, reader: MediaReader): KinesisVideoMediaHandlers["GetMedia"] {
  return async (input, context) => {
    const selector = startSelector(input.StartSelector);
    const stream = await streams.find(referenceIn(input));
    const payload = await reader.read(stream, selector, context.signal);
    return { ContentType: MEDIA_CONTENT_TYPE, Payload: payload };
  };
}

/** The selector in the domain's words. Throws DomainError `invalid-argument` where the member that its type needs is missing. */
function startSelector(selector: Checked<SdkStartSelector>): StartSelector {
  switch (selector.StartSelectorType) {
    case "NOW":
      return { type: "now" };
    case "EARLIEST":
      return { type: "earliest" };
    case "FRAGMENT_NUMBER":
      return { type: "after", number: required(selector, "AfterFragmentNumber") };
    case "CONTINUATION_TOKEN":
      return { type: "after", number: required(selector, "ContinuationToken") };
    case "SERVER_TIMESTAMP":
      return { type: "serverTimestamp", time: required(selector, "StartTimestamp").getTime() };
    case "PRODUCER_TIMESTAMP":
      return { type: "producerTimestamp", time: required(selector, "StartTimestamp").getTime() };
  }
}

function required<Name extends keyof Checked<SdkStartSelector>>(
  selector: Checked<SdkStartSelector>,
  name: Name,
): NonNullable<Checked<SdkStartSelector>[Name]> {
  const value = selector[name];
  if (value === undefined || value === null) {
    const message = `StartSelector.${name} is required with StartSelectorType ${selector.StartSelectorType}.`;
    throw new DomainError("invalid-argument", message);
  }
  return value;
}
