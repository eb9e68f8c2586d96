import { randomBytes, randomInt } from "node:crypto";
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileProblem } from "./config/file-problem.ts";
import { ConfigError } from "./config/settings.ts";
import { checkCredential } from "./credential-form.ts";

/** The access key of the account's root principal. */
export interface RootCredential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Name of the file in the data folder that holds the credential; 0600. */
export const ROOT_CREDENTIAL_FILE = "root-credential.json";

const ID_VARIABLE = "KVASS_ROOT_ACCESS_KEY_ID";
const SECRET_VARIABLE = "KVASS_ROOT_SECRET_ACCESS_KEY";

const KEY_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** An access key in AWS's form: `AKIA` and 16 letters or digits, and 40 characters of secret (240 random bits). */
function makeCredential(): RootCredential {
  const id = Array.from({ length: 16 }, () => KEY_ID_ALPHABET[randomInt(KEY_ID_ALPHABET.length)]).join("");
  return { accessKeyId: `AKIA${id}`, secretAccessKey: randomBytes(30).toString("base64") };
}

/** Writes a file that only its owner can read, whole or not at all. */
export function writePrivateFile(path: string, content: string): void {
  const temporary = `${path}.new`;
  const descriptor = openSync(temporary, "w", 0o600);
  try {
    chmodSync(temporary, 0o600);
    writeSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
}

function readJson(path: string): Partial<Record<keyof RootCredential, unknown>> | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(path, "utf8"));
    return typeof content === "object" && content !== null ? content : undefined;
  } catch (cause) {
    // What a parser says of a text quotes it, and this one holds a secret.
    if (cause instanceof SyntaxError) return undefined;
    throw new ConfigError(`${path}: ${fileProblem(cause)}`, { cause });
  }
}

/** The credential that an earlier start left in the data folder. */
function keptCredential(dataDir: string): RootCredential | undefined {
  const path = join(dataDir, ROOT_CREDENTIAL_FILE);
  if (!existsSync(path)) return undefined;
  const { accessKeyId, secretAccessKey } = readJson(path) ?? {};
  if (typeof accessKeyId !== "string" || typeof secretAccessKey !== "string") {
    throw new ConfigError(`${path}: expected a JSON object with accessKeyId and secretAccessKey, both strings`);
  }
  const credential = { accessKeyId, secretAccessKey };
  checkCredential(credential, { id: `${path}: accessKeyId`, secret: `${path}: secretAccessKey` });
  return credential;
}

/**
 * The credential that `KVASS_ROOT_ACCESS_KEY_ID` and `KVASS_ROOT_SECRET_ACCESS_KEY` name; undefined where both are unset or empty.
 * @throws ConfigError where only one is set, or one has a form that no client could sign with
 */
export function environmentCredential(environment: NodeJS.ProcessEnv): RootCredential | undefined {
  const { [ID_VARIABLE]: accessKeyId = "", [SECRET_VARIABLE]: secretAccessKey = "" } = environment;
  if (accessKeyId === "" && secretAccessKey === "") return undefined;
  if (accessKeyId === "" || secretAccessKey === "") {
    const missing = accessKeyId === "" ? ID_VARIABLE : SECRET_VARIABLE;
    throw new ConfigError(`${ID_VARIABLE} and ${SECRET_VARIABLE}: expected both or neither; ${missing} is not set`);
  }
  const credential = { accessKeyId, secretAccessKey };
  checkCredential(credential, { id: ID_VARIABLE, secret: SECRET_VARIABLE });
  return credential;
}

/** Where a root credential was found. */
export interface KnownCredential {
  readonly credential: RootCredential;
  readonly origin: "environment" | "data folder";
}

/**
 * The root credential that a start would take: that of the environment, else the one in the data folder. Changes nothing.
 * @returns undefined where there is none yet
 * @throws ConfigError where the one that it would take is none
 */
export function knownCredential(dataDir: string, environment: NodeJS.ProcessEnv): KnownCredential | undefined {
  const given = environmentCredential(environment);
  if (given !== undefined) return { credential: given, origin: "environment" };
  const kept = keptCredential(dataDir);
  return kept === undefined ? undefined : { credential: kept, origin: "data folder" };
}

/**
 * The root credential: the one that is known, else a new random one that is kept in the data folder.
 * @throws ConfigError as {@link knownCredential} does
 */
export function rootCredential(dataDir: string, environment: NodeJS.ProcessEnv): RootCredential {
  const known = knownCredential(dataDir, environment);
  if (known !== undefined) return known.credential;
  const fresh = makeCredential();
  writePrivateFile(join(dataDir, ROOT_CREDENTIAL_FILE), `${JSON.stringify(fresh)}\n`);
  return fresh;
}
