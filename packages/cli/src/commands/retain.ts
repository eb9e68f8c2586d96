import type { Connection } from "@kvass/client";
import type { Command } from "commander";
import type { Target } from "../discovery.ts";
import { parseHours } from "../hours.ts";
import { addTargetOptions } from "../target-options.ts";
import { confirm } from "../terminal/confirm.ts";
import { withServer } from "../with-server.ts";

interface Flags extends Target {
  readonly yes?: boolean;
}

/** `kvass retain STREAM HOURS`: changes for how long a stream keeps its media. */
export function configure(command: Command): void {
  command
    .argument("<STREAM>", "stream to change, by name")
    .argument("<HOURS>", "how long a fragment is kept from its arrival; 0: not at all", parseHours)
    .option("--yes", "do not ask where the retention becomes shorter")
    .addHelpText(
      "after",
      "\nWhat a shorter retention does not cover is gone at once: a later change does not bring it back.",
    )
    .action((stream: string, hours: number, flags: Flags) =>
      withServer({ target: flags, stream }, (connection) => retain(connection, stream, hours, flags)),
    );
  addTargetOptions(command);
}

async function retain(connection: Connection, stream: string, hours: number, { yes = false }: Flags): Promise<void> {
  const { controlPlane } = await import("@kvass/client");
  const { UpdateDataRetentionCommand } = await import("@aws-sdk/client-kinesis-video");
  const { describeStream } = await import("../describe-stream.ts");
  const client = controlPlane(connection);
  try {
    const { Version, DataRetentionInHours: found = 0 } = await describeStream(client, stream);
    if (hours < found) await confirm(`${stream}: ${loss(found, hours)}`, yes);
    if (hours !== found) {
      await client.send(
        new UpdateDataRetentionCommand({
          StreamName: stream,
          CurrentVersion: Version,
          Operation: hours > found ? "INCREASE_DATA_RETENTION" : "DECREASE_DATA_RETENTION",
          DataRetentionChangeInHours: Math.abs(hours - found),
        }),
      );
    }
    process.stderr.write(`${stream}: retention ${hours} h${hours === found ? ", as before" : `, was ${found} h`}\n`);
  } finally {
    client.destroy();
  }
}

const loss = (found: number, hours: number): string =>
  hours === 0
    ? `with a retention of 0 h it keeps nothing, and all that it holds goes for good`
    : `what arrived more than ${hours} h ago, of the ${found} h that it keeps, goes for good`;
