import { DescribeStreamCommand } from "@aws-sdk/client-kinesis-video";
import { type Connection, controlPlane } from "@kvass/client";
import { CliError } from "./errors.ts";

/** For how many hours a stream keeps its media; 0: it keeps nothing. Throws the exceptions of DescribeStream. */
export async function retentionHours(connection: Connection, stream: string): Promise<number> {
  const client = controlPlane(connection);
  try {
    const { StreamInfo } = await client.send(new DescribeStreamCommand({ StreamName: stream }));
    return StreamInfo?.DataRetentionInHours ?? 0;
  } finally {
    client.destroy();
  }
}

/** What is said of a stream that keeps nothing where something that was kept is asked for. */
export const keepsNothing = (stream: string): string =>
  `${stream} keeps nothing: its retention is 0 h (NoDataRetention); kvass get and kvass play without --from show what arrives`;

/** The error of a range in which nothing is stored: where nothing can be, it says so. */
export async function nothingStored(connection: Connection, stream: string): Promise<CliError> {
  const keeps = (await retentionHours(connection, stream)) > 0;
  return new CliError(keeps ? `${stream} holds no media there` : keepsNothing(stream));
}
