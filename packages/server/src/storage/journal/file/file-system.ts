import { close, fdatasync, fstat, open, read, statfs, writev } from "node:fs";
import { mkdir, readdir, unlink } from "node:fs/promises";
import { promisify } from "node:util";

/** One open file. */
export interface JournalFile {
  /** Writes the buffers one behind the other at `position`; resolves to the bytes written, which may be fewer than given. */
  writev(buffers: readonly Uint8Array[], position: number): Promise<number>;
  /** For threads that read the file themselves; undefined where it is no file of this machine. */
  readonly descriptor?: number;
  /** Fills `target` from `position`; resolves to the bytes read, fewer than asked for only at the end of the file. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Resolves when everything written is on the device. */
  datasync(): Promise<void>;
  /** Length in bytes. */
  size(): Promise<number>;
  close(): Promise<void>;
}

/** All that the journal asks of a file system; a test puts one in its place that fails when told to. */
export interface FileSystem {
  /** Makes a directory in one that exists; leaves one that is there as it is. */
  makeDirectory(path: string): Promise<void>;
  list(path: string): Promise<string[]>;
  /** Creates a file for writing and reading; rejects where it exists. */
  create(path: string): Promise<JournalFile>;
  /** Opens a file for reading. */
  open(path: string): Promise<JournalFile>;
  unlink(path: string): Promise<void>;
  /** Makes the creation and removal of files in a directory durable. */
  syncDirectory(path: string): Promise<void>;
  /** Bytes that this process may still write to the file system that holds `path`. */
  freeBytes(path: string): Promise<number>;
}

// The callback forms on bare descriptors: a FileHandle costs several times as much per call.
const openFile = promisify(open);
const closeFile = promisify(close);
const syncFile = promisify(fdatasync);
const statFile = promisify(fstat);
const statFileSystem = promisify(statfs);

class NodeFile implements JournalFile {
  readonly descriptor: number;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  writev(buffers: readonly Uint8Array[], position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      writev(this.descriptor, buffers, position, (error, written) => (error ? reject(error) : resolve(written)));
    });
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    let filled = 0;
    while (filled < target.length) {
      const count = await this.#readOnce(target, filled, position + filled);
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  datasync(): Promise<void> {
    return syncFile(this.descriptor);
  }

  async size(): Promise<number> {
    return (await statFile(this.descriptor)).size;
  }

  close(): Promise<void> {
    return closeFile(this.descriptor);
  }

  #readOnce(target: Uint8Array, offset: number, position: number): Promise<number> {
    const length = target.length - offset;
    return new Promise((resolve, reject) => {
      read(this.descriptor, target, offset, length, position, (error, count) =>
        error ? reject(error) : resolve(count),
      );
    });
  }
}

/** The file system of this machine. */
export const nodeFileSystem: FileSystem = {
  async makeDirectory(path) {
    await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
      if (errorCode(error) !== "EEXIST") throw error;
    });
  },
  list: (path) => readdir(path),
  create: async (path) => new NodeFile(await openFile(path, "wx+", 0o600)),
  open: async (path) => new NodeFile(await openFile(path, "r")),
  unlink: (path) => unlink(path),
  async syncDirectory(path) {
    const descriptor = await openFile(path, "r");
    try {
      await syncFile(descriptor);
    } finally {
      await closeFile(descriptor);
    }
  },
  async freeBytes(path) {
    const { bavail, bsize } = await statFileSystem(path);
    return bavail * bsize;
  },
};

/** The `code` of a system error (`ENOENT`, `ENOSPC`, ...), undefined for any other. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
