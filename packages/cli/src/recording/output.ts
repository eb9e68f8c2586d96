import { once } from "node:events";
import { type FileHandle, open } from "node:fs/promises";
import type { Writable } from "node:stream";

/** Where a recording goes. */
export interface Output {
  /** Writes at the end. */
  write(bytes: Uint8Array): Promise<void>;
  /** Writes over bytes that were written before; undefined where that is not possible. */
  readonly patch: ((position: number, bytes: Uint8Array) => Promise<void>) | undefined;
  close(): Promise<void>;
}

/** A file, truncated when it is opened. */
export async function fileOutput(path: string): Promise<Output> {
  const file = await open(path, "w");
  // A pipe or a device takes bytes in order only.
  const isRegular = (await file.stat()).isFile();
  return {
    write: (bytes) => named(path, writeAll(file, bytes, null)),
    patch: isRegular ? (position, bytes) => named(path, writeAll(file, bytes, position)) : undefined,
    close: () => named(path, file.close()),
  };
}

/** Node names the file in errors of opening, but not of writing. */
async function named(path: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) Object.assign(error, { path });
    throw error;
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number | null): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position === null ? null : position + at);
    at += bytesWritten;
  }
}

/** A stream such as stdout, no faster than it takes bytes. */
export function streamOutput(stream: Writable): Output {
  return {
    write: async (bytes) => {
      if (!stream.write(bytes)) await once(stream, "drain");
    },
    patch: undefined,
    close: async () => {},
  };
}
