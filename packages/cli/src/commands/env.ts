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

/**
 * What would win over the exported access key, or go with it: SDKs for JavaScript take a profile before the key, and every SDK adds a
 * session's token, or its end, to whichever key it finds.
 */
const IN_THE_WAY = [
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  "AWS_SESSION_TOKEN",
  "AWS_SECURITY_TOKEN",
  "AWS_CREDENTIAL_EXPIRATION",
];

/**
 * Lines for a POSIX shell: `unset` of what is in the way, then `export NAME=value`. AWS_ENDPOINT_URL would do for current SDKs; the others are
 * for those that only know theirs.
 */
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
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}=${shellWord(value)}\n`);
  return `unset ${IN_THE_WAY.join(" ")}\n${exports.join("")}`;
}
