import { type Connection, controlPlane } from "@kvass/client";
import { type ArchiveRange, storedSpan } from "./archive.ts";
import { describeStream } from "./describe-stream.ts";
import { CliError } from "./errors.ts";
import { keepsNothing } from "./keeps-nothing.ts";
import { formatTime } from "./terminal/format.ts";

/** For how many hours a stream keeps its media; 0: it keeps nothing. Throws the exceptions of DescribeStream. */
export async function retentionHours(connection: Connection, stream: string): Promise<number> {
  const client = controlPlane(connection);
  try {
    return (await describeStream(client, stream)).DataRetentionInHours ?? 0;
  } finally {
    client.destroy();
  }
}

/** The error of a range in which nothing is stored: it says where something is, or why nothing can be. Throws the exceptions of the APIs. */
export async function nothingStored(
  connection: Connection,
  stream: string,
  clock: ArchiveRange["clock"],
): Promise<CliError> {
  if ((await retentionHours(connection, stream)) === 0) return new CliError(keepsNothing(stream));
  const held = await heldMedia(connection, stream, clock);
  return new CliError(held === undefined ? `${stream} holds no media` : `${stream} holds no media there${held}`);
}

/** `; what it holds lies between ... and ...`; undefined where a stream holds nothing. Throws the exceptions of the archive API. */
export async function heldMedia(
  connection: Connection,
  stream: string,
  clock: ArchiveRange["clock"],
): Promise<string | undefined> {
  const span = await storedSpan(connection, stream, clock);
  if (span === undefined) return undefined;
  const from = formatTime(new Date(span.from));
  if (span.to === undefined) return `; what it holds begins at ${from}`;
  return `; what it holds lies between ${from} and ${formatTime(new Date(span.to))}`;
}
