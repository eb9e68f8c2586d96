import { DescribeStreamCommand, type KinesisVideoClient, type StreamInfo } from "@aws-sdk/client-kinesis-video";

/** What the control plane says of a stream. Throws the exceptions of DescribeStream. */
export async function describeStream(client: KinesisVideoClient, stream: string): Promise<StreamInfo> {
  const { StreamInfo: info } = await client.send(new DescribeStreamCommand({ StreamName: stream }));
  return info ?? {};
}
