import type { StreamInfo } from "@aws-sdk/client-kinesis-video";
import { parseStreamArn } from "../../domain/streams/arn.ts";
import type { Stream } from "../../domain/streams/stream.ts";

/**
 * A stream as DescribeStream and ListStreams show it. Members that were never set are left out; the retention period is always there,
 * because producers decide by it whether to wait for PERSISTED acknowledgements.
 */
export function streamInfo(record: Stream["record"]): StreamInfo {
  return {
    DeviceName: record.deviceName,
    StreamName: record.name,
    StreamARN: record.arn,
    MediaType: record.mediaType,
    KmsKeyId: record.kmsKeyId ?? defaultKey(record.arn),
    Version: record.version,
    Status: record.status,
    CreationTime: new Date(record.creationTime),
    DataRetentionInHours: record.retentionHours,
  };
}

/** The alias under which an account's own key for Kinesis Video Streams goes (AWS docs, "CreateStream", KmsKeyId). */
function defaultKey(streamArn: string): string {
  const { region, accountId } = parseStreamArn(streamArn)!;
  return `arn:aws:kms:${region}:${accountId}:alias/aws/kinesisvideo`;
}
