import { once } from "node:events";
import { constants, openSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/** Where a recording goes. */
export interface Output {
  /** Writes at the end. */
  write(bytes: Uint8Array): Promise<void>;
  /** Writes over bytes that were written before; undefined where that is not possible. */
  readonly patch: ((position: number, bytes: Uint8Array) => Promise<void>) | undefined;
  close(): Promise<void>;
}

/** How often it is looked whether somebody has begun to read a named pipe, in milliseconds. */
const LOOK_EVERY_MS = 100;

/**
 * A file, truncated when it is opened, or a named pipe or a device.
 * @param signal ends the waiting for somebody who reads the pipe
 */
export async function fileOutput(path: string, signal: AbortSignal): Promise<Output> {
  if (await isPipe(path)) return pipeOutput(path, signal);
  const file = await open(path, "w");
  // A device takes bytes in order only.
  const isRegular = (await file.stat()).isFile();
  return {
    write: (bytes) => named(path, writeAll(file, bytes, null)),
    patch: isRegular ? (position, bytes) => named(path, writeAll(file, bytes, position)) : undefined,
    close: () => named(path, file.close()),
  };
}

const isPipe = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFIFO(),
    () => false,
  );

/**
 * Neither waits in `open` until somebody reads, nor writes as into a file: both would hold a thread, which a process that is interrupted waits for
 * when it ends.
 */
async function pipeOutput(path: string, signal: AbortSignal): Promise<Output> {
  const socket = new Socket({ fd: await openPipe(path, signal), readable: false, writable: true });
  let failure: Error | undefined;
  socket.on("error", (error) => {
    failure = error;
  });
  const write = async (bytes: Uint8Array): Promise<void> => {
    if (failure !== undefined) throw failure;
    if (!socket.write(bytes)) await once(socket, "drain");
  };
  const close = async (): Promise<void> => {
    if (failure !== undefined) return;
    socket.end();
    await once(socket, "close");
  };
  return { write: (bytes) => named(path, write(bytes)), patch: undefined, close: () => named(path, close()) };
}

async function openPipe(path: string, signal: AbortSignal): Promise<number> {
  for (;;) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      // What POSIX says of a pipe that nobody reads.
      if ((error as NodeJS.ErrnoException).code !== "ENXIO") throw error;
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** Node names the file in errors of opening, but not of writing. */
async function named<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
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
