import type { Connection } from "@kvass/client";
import type { Command } from "commander";
import type { Target } from "../discovery.ts";
import { addTargetOptions } from "../target-options.ts";
import { confirm } from "../terminal/confirm.ts";
import { formatTime } from "../terminal/format.ts";
import { withServer } from "../with-server.ts";

interface Flags extends Target {
  readonly yes?: boolean;
}

/** `kvass rm STREAM`: deletes a stream with all its media. */
export function configure(command: Command): void {
  command
    .argument("<STREAM>", "stream to delete, by name")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      "\nThe stream is gone at once, with all its media and playback sessions, and cannot be brought back.",
    )
    .action((stream: string, flags: Flags) => withServer({ target: flags, stream }, (to) => remove(to, stream, flags)));
  addTargetOptions(command);
}

async function remove(connection: Connection, stream: string, { yes = false }: Flags): Promise<void> {
  const { controlPlane } = await import("@kvass/client");
  const { DeleteStreamCommand } = await import("@aws-sdk/client-kinesis-video");
  const { describeStream } = await import("../describe-stream.ts");
  const client = controlPlane(connection);
  try {
    const { StreamARN, Version, CreationTime, DataRetentionInHours } = await describeStream(client, stream);
    const which = `${stream}, created ${formatTime(CreationTime)}, retention ${DataRetentionInHours} h`;
    await confirm(`${which}: the stream and all its media go for good`, yes);
    // Of this version, so that it is the stream which was asked about.
    await client.send(new DeleteStreamCommand({ StreamARN, CurrentVersion: Version }));
    process.stderr.write(`deleted ${stream}\n`);
  } finally {
    client.destroy();
  }
}
