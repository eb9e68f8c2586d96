import { randomBytes, randomInt } from "node:crypto";
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

/** The access key of the account's root principal. */
export interface RootCredential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Name of the file in the data folder that holds the credential; 0600. */
export const ROOT_CREDENTIAL_FILE = "root-credential.json";

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

/** Reads the credential that an earlier start left in the data folder. Throws where the file is not one. */
export function readRootCredential(dataDir: string): RootCredential | undefined {
  const path = join(dataDir, ROOT_CREDENTIAL_FILE);
  if (!existsSync(path)) return undefined;
  const content: unknown = JSON.parse(readFileSync(path, "utf8"));
  const { accessKeyId, secretAccessKey } = content as Partial<RootCredential>;
  if (typeof accessKeyId !== "string" || typeof secretAccessKey !== "string") {
    throw new Error(`${path}: expected accessKeyId and secretAccessKey`);
  }
  return { accessKeyId, secretAccessKey };
}

/**
 * The root credential: from `KVASS_ROOT_ACCESS_KEY_ID` and `KVASS_ROOT_SECRET_ACCESS_KEY` where both are set, else the one in the
 * data folder, else a new random one that is kept there.
 */
export function rootCredential(dataDir: string, environment: NodeJS.ProcessEnv): RootCredential {
  const accessKeyId = environment.KVASS_ROOT_ACCESS_KEY_ID;
  const secretAccessKey = environment.KVASS_ROOT_SECRET_ACCESS_KEY;
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey };
  if (accessKeyId || secretAccessKey) {
    throw new Error("KVASS_ROOT_ACCESS_KEY_ID and KVASS_ROOT_SECRET_ACCESS_KEY: expected both or neither");
  }
  const kept = readRootCredential(dataDir);
  if (kept !== undefined) return kept;
  const fresh = makeCredential();
  writePrivateFile(join(dataDir, ROOT_CREDENTIAL_FILE), `${JSON.stringify(fresh)}\n`);
  return fresh;
}
