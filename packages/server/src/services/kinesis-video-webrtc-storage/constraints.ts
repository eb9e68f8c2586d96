import { type Constraint, type Constraints, pattern } from "../../aws/validation/constraints.ts";
import { RESOURCE_NAME } from "../constraints.ts";

const CHANNEL_ARN: Constraint = {
  length: [1, 1024],
  pattern: pattern("arn:(aws[a-zA-Z-]*):kinesisvideo:[a-z0-9-]+:[0-9]+:[a-z]+/[a-zA-Z0-9_.-]+/[0-9]+"),
};

/** Constraints of WebRTC ingestion (AWS docs, "Amazon Kinesis Video WebRTC Storage" API reference). */
export const constraints: Constraints = {
  JoinStorageSessionInput: { channelArn: CHANNEL_ARN, clientId: RESOURCE_NAME },
  JoinStorageSessionAsViewerInput: { channelArn: CHANNEL_ARN, clientId: RESOURCE_NAME },
};
