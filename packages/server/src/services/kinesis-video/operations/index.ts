import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import type { KinesisVideoHandlers } from "../service.ts";
import { createStream } from "./create-stream.ts";
import { deleteStream } from "./delete-stream.ts";
import { describeImageGenerationConfiguration } from "./describe-image-generation-configuration.ts";
import { describeMappedResourceConfiguration } from "./describe-mapped-resource-configuration.ts";
import { describeNotificationConfiguration } from "./describe-notification-configuration.ts";
import { describeStream } from "./describe-stream.ts";
import { describeStreamStorageConfiguration } from "./describe-stream-storage-configuration.ts";
import { getDataEndpoint } from "./get-data-endpoint.ts";
import { listStreams } from "./list-streams.ts";
import { listTagsForResource } from "./list-tags-for-resource.ts";
import { listTagsForStream } from "./list-tags-for-stream.ts";
import { tagResource } from "./tag-resource.ts";
import { tagStream } from "./tag-stream.ts";
import { untagResource } from "./untag-resource.ts";
import { untagStream } from "./untag-stream.ts";
import { updateDataRetention } from "./update-data-retention.ts";
import { updateImageGenerationConfiguration } from "./update-image-generation-configuration.ts";
import { updateNotificationConfiguration } from "./update-notification-configuration.ts";
import { updateStream } from "./update-stream.ts";
import { updateStreamStorageConfiguration } from "./update-stream-storage-configuration.ts";

/** What is implemented of the control plane. */
export function streamOperations(streams: StreamRegistry): Partial<KinesisVideoHandlers> {
  return {
    CreateStream: createStream(streams),
    DeleteStream: deleteStream(streams),
    DescribeImageGenerationConfiguration: describeImageGenerationConfiguration(streams),
    DescribeMappedResourceConfiguration: describeMappedResourceConfiguration(streams),
    DescribeNotificationConfiguration: describeNotificationConfiguration(streams),
    DescribeStream: describeStream(streams),
    DescribeStreamStorageConfiguration: describeStreamStorageConfiguration(streams),
    GetDataEndpoint: getDataEndpoint(streams),
    ListStreams: listStreams(streams),
    ListTagsForResource: listTagsForResource(streams),
    ListTagsForStream: listTagsForStream(streams),
    TagResource: tagResource(streams),
    TagStream: tagStream(streams),
    UntagResource: untagResource(streams),
    UntagStream: untagStream(streams),
    UpdateDataRetention: updateDataRetention(streams),
    UpdateImageGenerationConfiguration: updateImageGenerationConfiguration(streams),
    UpdateNotificationConfiguration: updateNotificationConfiguration(streams),
    UpdateStream: updateStream(streams),
    UpdateStreamStorageConfiguration: updateStreamStorageConfiguration(streams),
  };
}
