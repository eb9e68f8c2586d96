import { existsSync } from "node:fs";
import { join } from "node:path";
import { holdsStreams } from "../storage/catalog/sqlite/holds-streams.ts";
import { checkFormat } from "../storage/journal/file/check-format.ts";
import { nodeFileSystem } from "../storage/journal/file/file-system.ts";
import { FileKeyEncryption, KEY_FILE } from "../storage/keys/file/file-key-encryption.ts";
import type { Settings } from "./config/options.ts";
import { weaknessOf } from "./credential-form.ts";
import { keptPlaybackKey } from "./playback-key.ts";
import { knownCredential } from "./root-credential.ts";
import { storagePaths } from "./storage.ts";
import { readTls } from "./tls.ts";

/** Something that a start looks at before it accepts requests. */
export interface StartCheck {
  readonly name: "certificate" | "credential" | "archive" | "keys";
  /** What was found, in words; undefined where there is nothing to say. */
  readonly detail?: string | undefined;
  /** What would not keep the server from starting, and still should not be so. */
  readonly warning?: string | undefined;
  /** Why the start would be refused: the error that it would throw. */
  readonly error?: unknown;
}

/**
 * Makes the checks that {@link startServer} makes over a data folder and that are none of the address to listen on, without changing anything.
 * @param isRunning whether a server has the folder open, whose archive is then not looked at
 */
export async function* checkStart(
  settings: Settings,
  environment: NodeJS.ProcessEnv,
  isRunning: boolean,
): AsyncGenerator<StartCheck, void> {
  if (settings.tlsCert !== "") yield await checked("certificate", () => certificate(settings));
  yield await checked("credential", () => credential(settings, environment));
  if (!isRunning) yield await checked("archive", () => archive(settings.data));
  yield await checked("keys", () => keys(settings.data, isRunning));
}

type Found = Pick<StartCheck, "detail" | "warning">;

async function checked(name: StartCheck["name"], look: () => Found | Promise<Found>): Promise<StartCheck> {
  try {
    return { name, ...(await look()) };
  } catch (error) {
    return { name, error };
  }
}

function certificate(settings: Settings): Found {
  const { validTo } = readTls(settings)!;
  const end = validTo.toISOString();
  if (validTo.getTime() < Date.now()) return { warning: `${settings.tlsCert} has expired at ${end}` };
  return { detail: `${settings.tlsCert} is valid until ${end}` };
}

/**
 * Why the root credential that a start would take is too weak for where the server can be reached from; undefined where it is not.
 * @throws ConfigError as a start does
 */
export function weakCredential(settings: Settings, environment: NodeJS.ProcessEnv): string | undefined {
  const known = knownCredential(settings.data, environment);
  return known === undefined ? undefined : weaknessOf(known.credential, settings);
}

function credential(settings: Settings, environment: NodeJS.ProcessEnv): Found {
  const known = knownCredential(settings.data, environment);
  if (known === undefined) return { detail: "the first start makes one" };
  const detail = `${known.credential.accessKeyId}, of the ${known.origin}`;
  return { detail, warning: weaknessOf(known.credential, settings) };
}

async function archive(dataDir: string): Promise<Found> {
  const { journal, catalog } = storagePaths(dataDir);
  await checkFormat(nodeFileSystem, journal);
  holdsStreams(catalog);
  return {};
}

/** A key file that is missing is no harm before there are streams: the start makes it. */
async function keys(dataDir: string, isRunning: boolean): Promise<Found> {
  const paths = storagePaths(dataDir);
  const isNeeded = existsSync(join(paths.keys, KEY_FILE)) || (!isRunning && isCatalogWithStreams(paths.catalog));
  if (isNeeded) await FileKeyEncryption.open(paths.keys, false);
  keptPlaybackKey(dataDir);
  return isNeeded
    ? { detail: `${paths.keys} is readable for its owner alone` }
    : { detail: "the first start makes them" };
}

/** A catalog that cannot be read is told of by itself. */
function isCatalogWithStreams(path: string): boolean {
  try {
    return holdsStreams(path);
  } catch {
    return false;
  }
}
