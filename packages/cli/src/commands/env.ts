import type { Command } from "commander";
import { type LocalServer, localServer } from "../discovery.ts";
import { shellWord } from "../terminal/shell.ts";
import { needsAuthority } from "../tls-trust.ts";

/** `kvass env`: prints what a shell must export for AWS SDKs, the AWS CLI and the producer SDKs to talk to the local server. */
export function configure(command: Command): void {
  command
    .option("--data <DIR>", "data folder of the server (default: KVASS_DATA, ~/.kvass, then the demo's)")
    .addHelpText("after", '\nUse it as: eval "$(kvass env)"')
    .action(async ({ data }: { data?: string }) => {
      const server = localServer(data);
      process.stdout.write(shellExports(server));
      // Not among the exports: shells that do not take comments from a terminal would run them.
      if (await needsAuthority(server.url)) process.stderr.write(`kvass: ${AUTHORITY_HINT}\n`);
    });
}

const AUTHORITY_HINT =
  "clients do not know the authority of the server's certificate; export the path of its .pem file as AWS_CA_BUNDLE (AWS CLI, boto3), NODE_EXTRA_CA_CERTS (JavaScript, kvass), KVSSINK_CA_CERT_PATH (kvssink) or AWS_KVS_CACERT_PATH (C)";

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
