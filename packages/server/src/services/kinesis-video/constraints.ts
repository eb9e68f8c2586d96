import * as sdk from "@aws-sdk/client-kinesis-video";
import { type Constraint, type Constraints, pattern } from "../../aws/validation/constraints.ts";
import { MAX_INTEGER, RESOURCE_ARN, RESOURCE_NAME, STREAM } from "../constraints.ts";

const DEVICE_NAME: Constraint = { length: [1, 128], pattern: pattern("[a-zA-Z0-9_.-]+") };
const MEDIA_TYPE: Constraint = {
  length: [1, 128],
  pattern: pattern("[\\w\\-\\.\\+]+/[\\w\\-\\.\\+]+(,[\\w\\-\\.\\+]+/[\\w\\-\\.\\+]+)*"),
};
const VERSION: Constraint = { length: [1, 64], pattern: pattern("[a-zA-Z0-9]+") };
const NEXT_TOKEN: Constraint = { length: [0, 1024], pattern: pattern("[a-zA-Z0-9+/=]*") };
const LIST_LIMIT: Constraint = { range: [1, 10_000] };
const TAG_KEY: Constraint = { length: [1, 128], pattern: pattern("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*") };
const TAG_VALUE: Constraint = { length: [0, 256], pattern: pattern("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*") };
const TAG_MAP: Constraint = { length: [1, 50], keys: TAG_KEY, values: TAG_VALUE };
const TAG_KEYS: Constraint = { length: [1, 50], items: TAG_KEY };
const DESTINATION_URI: Constraint = {
  length: [1, 255],
  pattern: pattern("[a-zA-Z_0-9]+:(//)?([^/]+)/?([^*]*)"),
};
const HUB_DEVICE_ARN: Constraint = {
  length: [1, 1024],
  pattern: pattern("arn:[a-z\\d-]+:iot:[a-z0-9-]+:[0-9]+:thing/[a-zA-Z0-9_.-]+"),
};
const CHANNEL = { ChannelName: RESOURCE_NAME, ChannelARN: RESOURCE_ARN } as const;

const oneOf = (words: Readonly<Record<string, string>>): Constraint => ({ oneOf: Object.values(words) });

const streams: Constraints = {
  CreateStreamInput: {
    StreamName: RESOURCE_NAME,
    DeviceName: DEVICE_NAME,
    MediaType: MEDIA_TYPE,
    KmsKeyId: { length: [1, 2048], pattern: pattern(".+") },
    DataRetentionInHours: { range: [0, MAX_INTEGER] },
    Tags: TAG_MAP,
  },
  StreamStorageConfiguration: { DefaultStorageTier: oneOf(sdk.DefaultStorageTier) },
  DescribeStreamInput: STREAM,
  ListStreamsInput: { MaxResults: LIST_LIMIT, NextToken: NEXT_TOKEN },
  StreamNameCondition: { ComparisonOperator: oneOf(sdk.ComparisonOperator), ComparisonValue: RESOURCE_NAME },
  UpdateStreamInput: { ...STREAM, CurrentVersion: VERSION, DeviceName: DEVICE_NAME, MediaType: MEDIA_TYPE },
  UpdateDataRetentionInput: {
    ...STREAM,
    CurrentVersion: VERSION,
    Operation: oneOf(sdk.UpdateDataRetentionOperation),
    DataRetentionChangeInHours: { range: [1, MAX_INTEGER] },
  },
  DescribeStreamStorageConfigurationInput: STREAM,
  UpdateStreamStorageConfigurationInput: { ...STREAM, CurrentVersion: VERSION },
  DeleteStreamInput: { StreamARN: RESOURCE_ARN, CurrentVersion: VERSION },
  GetDataEndpointInput: { ...STREAM, APIName: oneOf(sdk.APIName) },
};

/** The form of the ARN is left to these operations, whose own error it is: InvalidResourceFormatException. */
const TAGGED_STREAM = { StreamName: RESOURCE_NAME, StreamARN: { length: [1, 1024] } } as const;

const tags: Constraints = {
  TagStreamInput: { ...TAGGED_STREAM, Tags: TAG_MAP },
  UntagStreamInput: { ...TAGGED_STREAM, TagKeyList: TAG_KEYS },
  ListTagsForStreamInput: { ...TAGGED_STREAM, NextToken: NEXT_TOKEN },
  TagResourceInput: { ResourceARN: RESOURCE_ARN, Tags: { length: [1, 50] } },
  UntagResourceInput: { ResourceARN: RESOURCE_ARN, TagKeyList: TAG_KEYS },
  ListTagsForResourceInput: { ResourceARN: RESOURCE_ARN, NextToken: NEXT_TOKEN },
  Tag: { Key: TAG_KEY, Value: TAG_VALUE },
};

const images: Constraints = {
  DescribeImageGenerationConfigurationInput: STREAM,
  UpdateImageGenerationConfigurationInput: STREAM,
  ImageGenerationConfiguration: {
    Status: oneOf(sdk.ConfigurationStatus),
    ImageSelectorType: oneOf(sdk.ImageSelectorType),
    SamplingInterval: { range: [200, MAX_INTEGER] },
    Format: oneOf(sdk.Format),
    FormatConfig: {
      length: [1, 1],
      keys: oneOf(sdk.FormatConfigKey),
      values: { length: [0, 256], pattern: pattern("[a-zA-Z_0-9]+") },
    },
    WidthPixels: { range: [1, 3840] },
    HeightPixels: { range: [1, 2160] },
  },
  ImageGenerationDestinationConfig: {
    Uri: DESTINATION_URI,
    DestinationRegion: { length: [9, 14], pattern: pattern("[a-z]+(-[a-z]+)?-[a-z]+-[0-9]") },
  },
  DescribeNotificationConfigurationInput: STREAM,
  UpdateNotificationConfigurationInput: STREAM,
  NotificationConfiguration: { Status: oneOf(sdk.ConfigurationStatus) },
  NotificationDestinationConfig: { Uri: DESTINATION_URI },
};

const channels: Constraints = {
  CreateSignalingChannelInput: {
    ChannelName: RESOURCE_NAME,
    ChannelType: oneOf(sdk.ChannelType),
    Tags: { length: [0, 50] },
  },
  SingleMasterConfiguration: { MessageTtlSeconds: { range: [5, 120] } },
  DescribeSignalingChannelInput: CHANNEL,
  ListSignalingChannelsInput: { MaxResults: LIST_LIMIT, NextToken: NEXT_TOKEN },
  ChannelNameCondition: { ComparisonOperator: oneOf(sdk.ComparisonOperator), ComparisonValue: RESOURCE_NAME },
  UpdateSignalingChannelInput: { ChannelARN: RESOURCE_ARN, CurrentVersion: VERSION },
  DeleteSignalingChannelInput: { ChannelARN: RESOURCE_ARN, CurrentVersion: VERSION },
  GetSignalingChannelEndpointInput: { ChannelARN: RESOURCE_ARN },
  SingleMasterChannelEndpointConfiguration: {
    Protocols: { length: [1, 5], items: oneOf(sdk.ChannelProtocol) },
    Role: oneOf(sdk.ChannelRole),
  },
  DescribeMediaStorageConfigurationInput: CHANNEL,
  UpdateMediaStorageConfigurationInput: { ChannelARN: RESOURCE_ARN },
  MediaStorageConfiguration: { Status: oneOf(sdk.MediaStorageConfigurationStatus), StreamARN: RESOURCE_ARN },
  DescribeMappedResourceConfigurationInput: { ...STREAM, MaxResults: { range: [1, 1] }, NextToken: NEXT_TOKEN },
};

const edge: Constraints = {
  StartEdgeConfigurationUpdateInput: STREAM,
  DescribeEdgeConfigurationInput: STREAM,
  DeleteEdgeConfigurationInput: STREAM,
  ListEdgeAgentConfigurationsInput: {
    HubDeviceArn: HUB_DEVICE_ARN,
    MaxResults: { range: [1, 10] },
    NextToken: NEXT_TOKEN,
  },
  EdgeConfig: { HubDeviceArn: HUB_DEVICE_ARN },
  MediaSourceConfig: {
    MediaUriSecretArn: {
      length: [20, 2048],
      pattern: pattern("arn:[a-z\\d-]+:secretsmanager:[a-z0-9-]+:[0-9]+:secret:[a-zA-Z0-9_.-]+"),
    },
    MediaUriType: oneOf(sdk.MediaUriType),
  },
  ScheduleConfig: {
    ScheduleExpression: { length: [11, 100], pattern: pattern("[^\\n]{11,100}") },
    DurationInSeconds: { range: [60, 3600] },
  },
  DeletionConfig: { EdgeRetentionInHours: { range: [1, 720] } },
  LocalSizeConfig: {
    MaxLocalMediaSizeInMB: { range: [64, 2_000_000] },
    StrategyOnFullSize: oneOf(sdk.StrategyOnFullSize),
  },
};

/** Constraints of the control plane (AWS docs, "Amazon Kinesis Video Streams" API reference). */
export const constraints: Constraints = { ...streams, ...tags, ...images, ...channels, ...edge };
