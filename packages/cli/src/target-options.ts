import type { Command } from "commander";

/** The options by which every client verb finds its server; see `Target` of discovery. */
export function addTargetOptions(command: Command): Command {
  return command
    .option("--data <DIR>", "data folder of a server on this machine (default: KVASS_DATA, ~/.kvass, then the demo's)")
    .option("--endpoint <URL>", "a server anywhere, or AWS; credentials and region as the AWS SDKs find them")
    .addHelpText(
      "after",
      "\nWithout --data and --endpoint the environment decides (AWS_ENDPOINT_URL_KINESIS_VIDEO, AWS_ENDPOINT_URL), then the running server of this machine.",
    );
}
