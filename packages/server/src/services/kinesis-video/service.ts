import * as sdk from "@aws-sdk/client-kinesis-video";
import type { Checked, OperationHandler } from "../../aws/handler.ts";
import { type Service, type ServiceDeclaration, service } from "../../aws/service.ts";
import { codeOf } from "../errors.ts";
import { access } from "./access.ts";
import { constraints } from "./constraints.ts";
import { errors, errorTypes } from "./errors.ts";

type Handler<Input, Output> = OperationHandler<Checked<Input>, Output>;

/** The operations of the Kinesis Video Streams control plane (AWS docs, "Amazon Kinesis Video Streams" API reference). */
export interface KinesisVideoHandlers {
  readonly CreateSignalingChannel: Handler<sdk.CreateSignalingChannelInput, sdk.CreateSignalingChannelOutput>;
  readonly CreateStream: Handler<sdk.CreateStreamInput, sdk.CreateStreamOutput>;
  readonly DeleteEdgeConfiguration: Handler<sdk.DeleteEdgeConfigurationInput, sdk.DeleteEdgeConfigurationOutput>;
  readonly DeleteSignalingChannel: Handler<sdk.DeleteSignalingChannelInput, sdk.DeleteSignalingChannelOutput>;
  readonly DeleteStream: Handler<sdk.DeleteStreamInput, sdk.DeleteStreamOutput>;
  readonly DescribeEdgeConfiguration: Handler<sdk.DescribeEdgeConfigurationInput, sdk.DescribeEdgeConfigurationOutput>;
  readonly DescribeImageGenerationConfiguration: Handler<
    sdk.DescribeImageGenerationConfigurationInput,
    sdk.DescribeImageGenerationConfigurationOutput
  >;
  readonly DescribeMappedResourceConfiguration: Handler<
    sdk.DescribeMappedResourceConfigurationInput,
    sdk.DescribeMappedResourceConfigurationOutput
  >;
  readonly DescribeMediaStorageConfiguration: Handler<
    sdk.DescribeMediaStorageConfigurationInput,
    sdk.DescribeMediaStorageConfigurationOutput
  >;
  readonly DescribeNotificationConfiguration: Handler<
    sdk.DescribeNotificationConfigurationInput,
    sdk.DescribeNotificationConfigurationOutput
  >;
  readonly DescribeSignalingChannel: Handler<sdk.DescribeSignalingChannelInput, sdk.DescribeSignalingChannelOutput>;
  readonly DescribeStream: Handler<sdk.DescribeStreamInput, sdk.DescribeStreamOutput>;
  readonly DescribeStreamStorageConfiguration: Handler<
    sdk.DescribeStreamStorageConfigurationInput,
    sdk.DescribeStreamStorageConfigurationOutput
  >;
  readonly GetDataEndpoint: Handler<sdk.GetDataEndpointInput, sdk.GetDataEndpointOutput>;
  readonly GetSignalingChannelEndpoint: Handler<
    sdk.GetSignalingChannelEndpointInput,
    sdk.GetSignalingChannelEndpointOutput
  >;
  readonly ListEdgeAgentConfigurations: Handler<
    sdk.ListEdgeAgentConfigurationsInput,
    sdk.ListEdgeAgentConfigurationsOutput
  >;
  readonly ListSignalingChannels: Handler<sdk.ListSignalingChannelsInput, sdk.ListSignalingChannelsOutput>;
  readonly ListStreams: Handler<sdk.ListStreamsInput, sdk.ListStreamsOutput>;
  readonly ListTagsForResource: Handler<sdk.ListTagsForResourceInput, sdk.ListTagsForResourceOutput>;
  readonly ListTagsForStream: Handler<sdk.ListTagsForStreamInput, sdk.ListTagsForStreamOutput>;
  readonly StartEdgeConfigurationUpdate: Handler<
    sdk.StartEdgeConfigurationUpdateInput,
    sdk.StartEdgeConfigurationUpdateOutput
  >;
  readonly TagResource: Handler<sdk.TagResourceInput, sdk.TagResourceOutput>;
  readonly TagStream: Handler<sdk.TagStreamInput, sdk.TagStreamOutput>;
  readonly UntagResource: Handler<sdk.UntagResourceInput, sdk.UntagResourceOutput>;
  readonly UntagStream: Handler<sdk.UntagStreamInput, sdk.UntagStreamOutput>;
  readonly UpdateDataRetention: Handler<sdk.UpdateDataRetentionInput, sdk.UpdateDataRetentionOutput>;
  readonly UpdateImageGenerationConfiguration: Handler<
    sdk.UpdateImageGenerationConfigurationInput,
    sdk.UpdateImageGenerationConfigurationOutput
  >;
  readonly UpdateMediaStorageConfiguration: Handler<
    sdk.UpdateMediaStorageConfigurationInput,
    sdk.UpdateMediaStorageConfigurationOutput
  >;
  readonly UpdateNotificationConfiguration: Handler<
    sdk.UpdateNotificationConfigurationInput,
    sdk.UpdateNotificationConfigurationOutput
  >;
  readonly UpdateSignalingChannel: Handler<sdk.UpdateSignalingChannelInput, sdk.UpdateSignalingChannelOutput>;
  readonly UpdateStream: Handler<sdk.UpdateStreamInput, sdk.UpdateStreamOutput>;
  readonly UpdateStreamStorageConfiguration: Handler<
    sdk.UpdateStreamStorageConfigurationInput,
    sdk.UpdateStreamStorageConfigurationOutput
  >;
}

const declaration: ServiceDeclaration = {
  name: "kinesis-video",
  signingName: "kinesisvideo",
  operations: [
    sdk.CreateSignalingChannel$,
    sdk.CreateStream$,
    sdk.DeleteEdgeConfiguration$,
    sdk.DeleteSignalingChannel$,
    sdk.DeleteStream$,
    sdk.DescribeEdgeConfiguration$,
    sdk.DescribeImageGenerationConfiguration$,
    sdk.DescribeMappedResourceConfiguration$,
    sdk.DescribeMediaStorageConfiguration$,
    sdk.DescribeNotificationConfiguration$,
    sdk.DescribeSignalingChannel$,
    sdk.DescribeStream$,
    sdk.DescribeStreamStorageConfiguration$,
    sdk.GetDataEndpoint$,
    sdk.GetSignalingChannelEndpoint$,
    sdk.ListEdgeAgentConfigurations$,
    sdk.ListSignalingChannels$,
    sdk.ListStreams$,
    sdk.ListTagsForResource$,
    sdk.ListTagsForStream$,
    sdk.StartEdgeConfigurationUpdate$,
    sdk.TagResource$,
    sdk.TagStream$,
    sdk.UntagResource$,
    sdk.UntagStream$,
    sdk.UpdateDataRetention$,
    sdk.UpdateImageGenerationConfiguration$,
    sdk.UpdateMediaStorageConfiguration$,
    sdk.UpdateNotificationConfiguration$,
    sdk.UpdateSignalingChannel$,
    sdk.UpdateStream$,
    sdk.UpdateStreamStorageConfiguration$,
  ],
  errors,
  constraints,
  invalidInput: "InvalidArgumentException",
  access,
  codeOf,
  errorTypes,
};

/**
 * The control plane with those of its operations that are given.
 * @throws Error where schemas, constraints, access rules, error tables and handlers disagree
 */
export function kinesisVideo(handlers: Partial<KinesisVideoHandlers>): Service {
  return service(declaration, handlers);
}
