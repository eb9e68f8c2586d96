import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { chmod, link, mkdir, open, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { type KeyEncryption, KeyUnavailable } from "../../ports/key-encryption.ts";
import type { WrappedKey } from "../../ports/stream-catalog.ts";

const CIPHER = "aes-256-gcm";
const TAG = { authTagLength: 16 } as const;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
/** Name of the key file in its folder. */
export const KEY_FILE = "key-encryption-key.json";
/** Permission bits of group and others. */
const NOT_OWNER = 0o077;

interface KeyFile {
  readonly format: 1;
  /** Random; goes with each wrapped key, to tell which file opens it. */
  readonly id: string;
  /** The 32-byte key, base64. */
  readonly key: string;
}

function parseKeyFile(text: string): KeyFile | undefined {
  try {
    const file = JSON.parse(text) as Partial<KeyFile>;
    const { format, id, key } = file;
    if (format !== 1 || typeof id !== "string" || typeof key !== "string") return undefined;
    return Buffer.from(key, "base64").length === KEY_BYTES ? { format, id, key } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Wraps data keys with AES-256-GCM under a key in a local file, the context as additional authenticated data.
 * A wrapped key is nonce (12 bytes), ciphertext (32), tag (16).
 */
export class FileKeyEncryption implements KeyEncryption {
  readonly #wrappedBy: string;
  readonly #key: KeyObject;

  private constructor({ id, key }: KeyFile) {
    this.#wrappedBy = `file:${id}`;
    this.#key = createSecretKey(key, "base64");
  }

  /**
   * Opens the key file in `folder`.
   *
   * @param createIfMissing makes the folder (0700), in one that exists, and a key file (0600) where there is none; without it a missing file is an error, because
   *   a new key opens nothing that an old one wrapped
   * @throws Error where the file is missing, damaged, or may be read by anyone but its owner
   */
  static async open(folder: string, createIfMissing: boolean): Promise<FileKeyEncryption> {
    const path = join(folder, KEY_FILE);
    if (createIfMissing) await createKeyFile(folder, path);
    const { mode } = await stat(path).catch((cause: unknown) => {
      throw new Error(`the key file ${path} is missing; without it nothing in the archive can be read`, { cause });
    });
    if ((mode & NOT_OWNER) !== 0) {
      throw new Error(`the key file ${path} may be read by others than its owner: chmod 600 it, and its folder 700`);
    }
    const file = parseKeyFile(await readFile(path, "utf8"));
    if (file === undefined) throw new Error(`the key file ${path} is damaged`);
    return new FileKeyEncryption(file);
  }

  async wrap(dataKey: Uint8Array, context: string): Promise<WrappedKey> {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce, TAG).setAAD(Buffer.from(context));
    const bytes = Buffer.concat([nonce, cipher.update(dataKey), cipher.final(), cipher.getAuthTag()]);
    return { wrappedBy: this.#wrappedBy, bytes };
  }

  async unwrap(wrapped: WrappedKey, context: string): Promise<Uint8Array> {
    if (wrapped.wrappedBy !== this.#wrappedBy) {
      throw new KeyUnavailable(`the data key was wrapped by ${wrapped.wrappedBy}, this key file is ${this.#wrappedBy}`);
    }
    const end = wrapped.bytes.length - TAG.authTagLength;
    if (end < NONCE_BYTES) throw new KeyUnavailable("the wrapped data key is too short");
    const decipher = createDecipheriv(CIPHER, this.#key, wrapped.bytes.subarray(0, NONCE_BYTES), TAG);
    decipher.setAAD(Buffer.from(context)).setAuthTag(wrapped.bytes.subarray(end));
    try {
      return Buffer.concat([decipher.update(wrapped.bytes.subarray(NONCE_BYTES, end)), decipher.final()]);
    } catch (cause) {
      throw new KeyUnavailable(`the wrapped data key of ${context} is not authentic`, { cause });
    }
  }
}

/** Makes the key file, whole and durable before it has its name; leaves one that exists as it is. */
async function createKeyFile(folder: string, path: string): Promise<void> {
  if (await exists(path)) return;
  await mkdir(folder, { mode: 0o700 }).catch(async (error: unknown) => {
    if (!(await exists(folder))) throw error;
    await chmod(folder, 0o700);
  });
  const file: KeyFile = {
    format: 1,
    id: randomBytes(8).toString("hex"),
    key: randomBytes(KEY_BYTES).toString("base64"),
  };
  const draft = `${path}.${file.id}`;
  await writeDurably(draft, `${JSON.stringify(file)}\n`);
  try {
    await link(draft, path);
  } catch (error) {
    if (!(await exists(path))) throw error;
  } finally {
    await unlink(draft);
  }
  await syncFolder(folder);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const directory = await open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
