import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { writePrivateFile } from "./root-credential.ts";

/** Name of the file in the data folder that holds the key; 0600. */
const PLAYBACK_KEY_FILE = "playback-key";

const KEY_BYTES = 32;
/** Permission bits of group and others. */
const NOT_OWNER = 0o077;

/**
 * The key that session tokens are sealed with: the one in the data folder, else a new random one that is kept there, so that sessions go
 * on when the server starts again.
 * @throws Error as {@link keptPlaybackKey} does
 */
export function playbackKey(dataDir: string): KeyObject {
  const path = join(dataDir, PLAYBACK_KEY_FILE);
  const kept = keptPlaybackKey(dataDir);
  if (kept !== undefined) return kept;
  const key = randomBytes(KEY_BYTES);
  writePrivateFile(path, `${key.toString("base64")}\n`);
  return createSecretKey(key);
}

/**
 * The key in the data folder; undefined where there is none yet.
 * @throws Error where the file is damaged, or may be read by anyone but its owner
 */
export function keptPlaybackKey(dataDir: string): KeyObject | undefined {
  const path = join(dataDir, PLAYBACK_KEY_FILE);
  if (!existsSync(path)) return undefined;
  if ((statSync(path).mode & NOT_OWNER) !== 0) {
    throw new Error(`the key file ${path} may be read by others than its owner: chmod 600 it`);
  }
  const key = Buffer.from(readFileSync(path, "utf8"), "base64");
  if (key.length !== KEY_BYTES) throw new Error(`the key file ${path} is damaged; without it sessions begin anew`);
  return createSecretKey(key);
}
