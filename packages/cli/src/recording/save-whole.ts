import { rename, rm, stat } from "node:fs/promises";
import { fileOutput, type Output, streamOutput } from "./output.ts";

/** What a file is called until it is whole. */
const PART_SUFFIX = ".part";

async function isSpecial(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => !found.isFile(),
    () => false,
  );
}

/**
 * Writes the bytes to a file, or to stdout for `-`. The file has its name only once it is whole: what a failure leaves is removed, and what was
 * there stays. Throws what the bytes throw.
 *
 * @param written told of the bytes of each piece
 * @param signal ends the waiting for somebody who reads a named pipe
 */
export async function saveWhole(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  path: string,
  written: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  if (path === "-") return copy(bytes, streamOutput(process.stdout), written);
  if (await isSpecial(path)) return copy(bytes, await fileOutput(path, signal), written);
  const part = path + PART_SUFFIX;
  try {
    await copy(bytes, await fileOutput(part, signal), written);
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    // What is wrong with its folder is wrong with the file that was asked for.
    if (error instanceof Error && "path" in error && error.path === part) Object.assign(error, { path });
    throw error;
  }
}

async function copy(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  output: Output,
  written: (bytes: number) => void,
): Promise<void> {
  try {
    for await (const piece of bytes) {
      await output.write(piece);
      written(piece.length);
    }
  } finally {
    await output.close();
  }
}
