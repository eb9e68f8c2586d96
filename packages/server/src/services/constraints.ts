import { type Constraint, pattern } from "../aws/validation/constraints.ts";

/** Constraints that several Kinesis Video Streams APIs share, from their API references. */

/** StreamName, ChannelName, ClientId, ... */
export const RESOURCE_NAME: Constraint = { length: [1, 256], pattern: pattern("[a-zA-Z0-9_.-]+") };

/** StreamARN, ChannelARN, ResourceARN. */
export const RESOURCE_ARN: Constraint = {
  length: [1, 1024],
  pattern: pattern("arn:[a-z\\d-]+:kinesisvideo:[a-z0-9-]+:[0-9]+:[a-z]+/[a-zA-Z0-9_.-]+/[0-9]+"),
};

/** A stream named by either member. */
export const STREAM = { StreamName: RESOURCE_NAME, StreamARN: RESOURCE_ARN } as const;

/** Largest value of a JSON integer: what the API reference calls "minimum value of n" has no other upper bound. */
export const MAX_INTEGER = 2_147_483_647;
