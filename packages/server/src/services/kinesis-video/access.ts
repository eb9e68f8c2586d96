import type { AccessRule } from "../../aws/service.ts";
import { anyResource, channelOf, type ResourceFinder, resourceOf, rule, streamOf } from "../access.ts";

/** The older operations on streams model this refusal; ListStreams and CreateStream, which model none, answer with it too. */
const NOT_AUTHORIZED = "NotAuthorizedException";
/** The newer operations model this one. */
const ACCESS_DENIED = "AccessDeniedException";

const NAMED: readonly [denied: string, resource: ResourceFinder, operations: readonly string[]][] = [
  [
    NOT_AUTHORIZED,
    streamOf,
    [
      "CreateStream",
      "DeleteStream",
      "DescribeStream",
      "GetDataEndpoint",
      "ListTagsForStream",
      "TagStream",
      "UntagStream",
      "UpdateDataRetention",
      "UpdateStream",
    ],
  ],
  [NOT_AUTHORIZED, anyResource, ["ListEdgeAgentConfigurations", "ListStreams"]],
  [
    ACCESS_DENIED,
    streamOf,
    [
      "DeleteEdgeConfiguration",
      "DescribeEdgeConfiguration",
      "DescribeImageGenerationConfiguration",
      "DescribeMappedResourceConfiguration",
      "DescribeNotificationConfiguration",
      "DescribeStreamStorageConfiguration",
      "StartEdgeConfigurationUpdate",
      "UpdateImageGenerationConfiguration",
      "UpdateNotificationConfiguration",
      "UpdateStreamStorageConfiguration",
    ],
  ],
  [
    ACCESS_DENIED,
    channelOf,
    [
      "CreateSignalingChannel",
      "DeleteSignalingChannel",
      "DescribeMediaStorageConfiguration",
      "DescribeSignalingChannel",
      "GetSignalingChannelEndpoint",
      "UpdateMediaStorageConfiguration",
      "UpdateSignalingChannel",
    ],
  ],
  [ACCESS_DENIED, anyResource, ["ListSignalingChannels"]],
  [ACCESS_DENIED, resourceOf, ["ListTagsForResource", "TagResource", "UntagResource"]],
];

/** What a caller must be allowed to do for each operation of the control plane. */
export const access: Readonly<Record<string, AccessRule>> = Object.fromEntries(
  NAMED.flatMap(([denied, resource, operations]) => operations.map((name) => [name, rule(name, denied, resource)])),
);
