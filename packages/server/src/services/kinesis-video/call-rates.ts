import type { CallRate, CallRates } from "../call-rates.ts";

const NO_STREAM = Number.POSITIVE_INFINITY;

const GROUPS: readonly [rate: CallRate, operations: readonly string[]][] = [
  [{ account: 50, stream: NO_STREAM }, ["CreateStream", "ListStreams", "ListEdgeAgentConfigurations"]],
  [{ account: 300, stream: 5 }, ["DescribeStream", "GetDataEndpoint"]],
  [
    { account: 50, stream: 5 },
    [
      "DeleteStream",
      "DescribeEdgeConfiguration",
      "DescribeImageGenerationConfiguration",
      "DescribeMappedResourceConfiguration",
      "DescribeNotificationConfiguration",
      "DescribeStreamStorageConfiguration",
      "ListTagsForResource",
      "ListTagsForStream",
      "TagResource",
      "TagStream",
      "UntagResource",
      "UntagStream",
      "UpdateDataRetention",
      "UpdateImageGenerationConfiguration",
      "UpdateNotificationConfiguration",
      "UpdateStream",
      "UpdateStreamStorageConfiguration",
    ],
  ],
  [{ account: 10, stream: 1 }, ["StartEdgeConfigurationUpdate", "DeleteEdgeConfiguration"]],
];

/** The control plane's rates at AWS (AWS docs, "Kinesis Video Streams service quotas", control plane API limits). */
export const AWS_CALL_RATES: CallRates = Object.fromEntries(
  GROUPS.flatMap(([rate, operations]) => operations.map((operation) => [operation, rate])),
);
