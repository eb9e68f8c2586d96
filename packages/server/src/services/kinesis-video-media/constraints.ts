import { StartSelectorType } from "@aws-sdk/client-kinesis-video-media";
import { type Constraints, pattern } from "../../aws/validation/constraints.ts";
import { STREAM } from "../constraints.ts";

/** Constraints of the media plane (AWS docs, "Amazon Kinesis Video Streams Media" API reference, and "PutMedia"). */
export const constraints: Constraints = {
  GetMediaInput: STREAM,
  StartSelector: {
    StartSelectorType: { oneOf: Object.values(StartSelectorType) },
    AfterFragmentNumber: { length: [1, 128], pattern: pattern("[0-9]+") },
    ContinuationToken: { length: [1, 128], pattern: pattern("[a-zA-Z0-9_\\.\\-]+") },
  },
  PutMediaInput: {
    ...STREAM,
    FragmentTimecodeType: { oneOf: ["ABSOLUTE", "RELATIVE"] },
    FragmentAcknowledgmentRequired: { length: [0, 16] },
  },
};
