import type { Command } from "commander";
import { type LocalServer, localServer } from "../discovery.ts";
import { shellWord } from "../terminal/shell.ts";

/** `kvass env`: prints what a shell must export for AWS SDKs, the AWS CLI and the producer SDKs to talk to the local server. */
export function configure(command: Command): void {
  command
    .option("--data <DIR>", "data folder of the server (default: KVASS_DATA, ~/.kvass, then the demo's)")
    .addHelpText("after", '\nUse it as: eval "$(kvass env)"')
    .action(({ data }: { data?: string }) => {
      process.stdout.write(shellExports(localServer(data)));
    });
}

/** `export NAME=value` lines. AWS_ENDPOINT_URL would do for current SDKs; the others are for those that only know theirs. */
export function shellExports({ url, region, accessKeyId, secretAccessKey }: LocalServer): string {
  const variables: Record<string, string> = {
    AWS_ENDPOINT_URL: url,
    AWS_ENDPOINT_URL_KINESIS_VIDEO: url,
    AWS_ENDPOINT_URL_KINESIS_VIDEO_MEDIA: url,
    AWS_ENDPOINT_URL_KINESIS_VIDEO_ARCHIVED_MEDIA: url,
    CONTROL_PLANE_URI: url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
  };
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}=${shellWord(value)}\n`)
    .join("");
}
