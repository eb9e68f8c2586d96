import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { CREDENTIALS, type TestServer } from "../../support/server.ts";

const run = promisify(execFile);

/** Python clients import slowly on a busy machine; one that has not ended by then hangs. */
const COMMAND_TIMEOUT_MS = 60_000;

/**
 * Runs a command of AWS's Python world against a server and reads the JSON that it prints. Rejects with its standard error.
 * @param environment further variables
 */
export async function runPython(
  server: TestServer,
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const { stdout } = await run(command, args, {
    timeout: COMMAND_TIMEOUT_MS,
    env: {
      PATH: process.env.PATH,
      HOME: server.data,
      LC_ALL: "C.UTF-8",
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_DEFAULT_REGION: server.client.region,
      AWS_MAX_ATTEMPTS: "1",
      AWS_PAGER: "",
      ...environment,
    },
  });
  return stdout.trim() === "" ? undefined : JSON.parse(stdout);
}
