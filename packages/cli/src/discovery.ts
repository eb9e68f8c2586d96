import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Connection } from "@kvass/client";
import { CliError, USAGE } from "./errors.ts";

/** The server writes this file into its data folder when it accepts requests: 0600, `{url, region, accessKeyId, pid}`. */
const SERVER_FILE = "server.json";
const CREDENTIAL_FILE = "root-credential.json";

/** A server that runs over a data folder of this machine. */
export interface LocalServer {
  readonly dataDir: string;
  readonly url: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Where to find the server, as the command line says it. */
export interface Target {
  /** Data folder of a server on this machine. */
  readonly data?: string;
  /** URL of a server anywhere; credentials and region then come from where the AWS SDKs take them. */
  readonly endpoint?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where `kvass demo` keeps its data unless told otherwise: beside the checkout, so that the default folder stays the user's own. */
export const DEMO_DATA_DIR = resolve(import.meta.dirname, "../../../.kvass/demo");

/** The data folder of `kvass serve` without `--data`. */
export const defaultDataDir = (environment: Environment): string => environment.KVASS_DATA || join(homedir(), ".kvass");

function readJson(path: string): Record<string, unknown> | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(path, "utf8"));
    return typeof content === "object" && content !== null ? (content as Record<string, unknown>) : undefined;
  } catch (error) {
    // What this user may not read is another's server, and as good as none.
    const isAbsent = ["ENOENT", "ENOTDIR", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "");
    if (isAbsent || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whether a process of this id exists; one of another user counts. */
function isAlive(pid: unknown): pid is number {
  if (typeof pid !== "number" || !Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const AS_FOR_SERVER = "set KVASS_ROOT_ACCESS_KEY_ID and KVASS_ROOT_SECRET_ACCESS_KEY as for the server";

/** The credential of the server over `dataDir`: as the server itself finds it, from the environment first. */
function credentialOf(
  dataDir: string,
  server: ServerFile,
  environment: Environment,
): { accessKeyId: string; secretAccessKey: string } {
  const fromEnvironment = {
    accessKeyId: environment.KVASS_ROOT_ACCESS_KEY_ID,
    secretAccessKey: environment.KVASS_ROOT_SECRET_ACCESS_KEY,
  };
  const { accessKeyId, secretAccessKey } =
    fromEnvironment.accessKeyId && fromEnvironment.secretAccessKey
      ? fromEnvironment
      : (readJson(join(dataDir, CREDENTIAL_FILE)) ?? {});
  if (typeof accessKeyId !== "string" || typeof secretAccessKey !== "string") {
    throw new CliError(`${dataDir} holds no ${CREDENTIAL_FILE}: ${AS_FOR_SERVER}`);
  }
  if (accessKeyId !== server.accessKeyId) {
    throw new CliError(
      `the server over ${dataDir} was started with the root credential ${server.accessKeyId}, which is not known here: ${AS_FOR_SERVER}`,
    );
  }
  return { accessKeyId, secretAccessKey };
}

/** What the server that runs over a data folder says of itself. */
export interface ServerFile {
  readonly url: string;
  readonly region: string;
  /** Of the root credential that it was started with. */
  readonly accessKeyId: string;
  readonly pid: number;
}

/** What the server that runs over `dataDir` says of itself, or undefined where none runs. */
export function readServerFile(dataDir: string): ServerFile | undefined {
  const { url, region, accessKeyId, pid } = readJson(join(dataDir, SERVER_FILE)) ?? {};
  const isWhole = typeof url === "string" && typeof region === "string" && typeof accessKeyId === "string";
  return isWhole && isAlive(pid) ? { url, region, accessKeyId, pid } : undefined;
}

/** The server that runs over `dataDir`, or undefined where none does. Throws {@link CliError} where its credential is not known. */
export function findLocalServer(dataDir: string, environment: Environment = process.env): LocalServer | undefined {
  const file = readServerFile(dataDir);
  if (file === undefined) return undefined;
  return { dataDir, url: file.url, region: file.region, ...credentialOf(dataDir, file, environment) };
}

/** A folder that is named must be one that can be looked into. Throws {@link CliError} where this user may not. */
function checkReadable(folder: string): void {
  try {
    readFileSync(join(folder, SERVER_FILE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EACCES") return;
    throw new CliError(`--data ${folder}: permission denied; the data folder belongs to the user that runs the server`);
  }
}

/** The running server of the given data folder; without one, that of the default folder or else the demo's. */
export function localServer(data: string | undefined, environment: Environment = process.env): LocalServer {
  if (data !== undefined) checkReadable(resolve(data));
  const folders = data === undefined ? [defaultDataDir(environment), DEMO_DATA_DIR] : [resolve(data)];
  for (const folder of folders) {
    const server = findLocalServer(folder, environment);
    if (server !== undefined) return server;
  }
  const ways = "start one with kvass serve or kvass demo, or name the folder of one that runs with --data";
  throw new CliError(`no server runs over ${folders.join(" or ")}; ${ways}`);
}

/**
 * Whether a command without `--data` and `--endpoint` reaches the server over `dataDir`, from this shell as from one without its
 * variables.
 */
export function isFoundByItself(dataDir: string, environment: Environment = process.env): boolean {
  if (environmentEndpoint(environment) !== undefined) return false;
  try {
    const elsewhere = { ...environment, KVASS_DATA: undefined };
    return [environment, elsewhere].every((variables) => localServer(undefined, variables).dataDir === dataDir);
  } catch (error) {
    if (error instanceof CliError) return false;
    throw error;
  }
}

/** Whether the server of this URL is the one that is found without `--data`, `--endpoint` and the variables that name endpoints. */
export function isFoundAnyway(url: string, environment: Environment): boolean {
  try {
    return new URL(localServer(undefined, environment).url).origin === new URL(url).origin;
  } catch (error) {
    if (error instanceof CliError) return false;
    throw error;
  }
}

const ENDPOINT_VARIABLES = ["AWS_ENDPOINT_URL_KINESIS_VIDEO", "AWS_ENDPOINT_URL"];

/** The endpoint that the environment names for AWS SDKs, and the variable that does. */
export function environmentEndpoint(environment: Environment): { variable: string; url: string } | undefined {
  for (const variable of ENDPOINT_VARIABLES) {
    const url = environment[variable];
    if (url) return { variable, url };
  }
  return undefined;
}

/** What the command line or a variable gave as an endpoint. Throws {@link CliError} where it is no URL. */
function checkedEndpoint(url: string, origin: string): string {
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return url;
  throw new CliError(`${origin}: expected a URL as http://127.0.0.1:8400; got "${url}"`, { exitCode: USAGE });
}

function givenEndpoint({ endpoint, data }: Target, environment: Environment): string | undefined {
  if (endpoint !== undefined) return checkedEndpoint(endpoint, "--endpoint");
  const found = data === undefined ? environmentEndpoint(environment) : undefined;
  return found === undefined ? undefined : checkedEndpoint(found.url, found.variable);
}

/**
 * Where the client verbs send their requests: `--endpoint`, else `--data`, else the endpoint that the environment names for AWS
 * SDKs, else the running server of this machine.
 */
export async function connectionTo(target: Target, environment: Environment = process.env): Promise<Connection> {
  const endpoint = givenEndpoint(target, environment);
  if (endpoint !== undefined) {
    const { environmentCredentials } = await import("@kvass/client");
    const region = environment.AWS_REGION || environment.AWS_DEFAULT_REGION || "us-east-1";
    return { endpoint, region, credentials: environmentCredentials() };
  }
  const { url, region, accessKeyId, secretAccessKey } = localServer(target.data, environment);
  return { endpoint: url, region, credentials: { accessKeyId, secretAccessKey } };
}
