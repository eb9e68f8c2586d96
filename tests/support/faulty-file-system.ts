import { closeSync, openSync, truncateSync, unlinkSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import {
  type FileSystem,
  type JournalFile,
  nodeFileSystem,
} from "../../packages/server/src/storage/journal/file/file-system.ts";

/** What goes wrong at the chosen operation; "crash" only tells that it is about to happen. */
export type Fault = "EIO" | "ENOSPC" | "short" | "crash";

/** The operations that change something, and can therefore fail in a way that matters. */
type Operation = "create" | "writev" | "datasync" | "unlink" | "syncDirectory";

const FAULTY: Record<Fault, readonly Operation[]> = {
  EIO: ["create", "writev", "datasync", "unlink", "syncDirectory"],
  ENOSPC: ["create", "writev", "datasync", "syncDirectory"],
  short: ["writev"],
  crash: ["create", "writev", "datasync", "unlink", "syncDirectory"],
};

function systemError(code: string, operation: Operation): Error {
  return Object.assign(new Error(`${code}: injected, ${operation}`), { code });
}

/** What a power loss keeps of a file: bytes that were synced, if its name was. */
interface Durability {
  synced: number;
  written: number;
  named: boolean;
}

/**
 * The machine's file system, except that one operation, the `at`th of those that the fault can strike, fails; an ENOSPC goes on failing
 * until `heal`. It also remembers what has been synced, to show what a power loss would leave.
 */
export class FaultyFileSystem implements FileSystem {
  readonly #fault: Fault;
  readonly #at: number;
  readonly #files = new Map<string, Durability>();
  readonly #onStrike: () => void;
  #count = 0;
  #healed = false;

  /** @param onStrike called right before the operation that the fault strikes */
  constructor(fault: Fault, at: number, onStrike: () => void = () => undefined) {
    this.#fault = fault;
    this.#at = at;
    this.#onStrike = onStrike;
  }

  /** Whether the fault has struck. */
  get struck(): boolean {
    return this.#count >= this.#at;
  }

  /** From now on nothing fails. */
  heal(): void {
    this.#healed = true;
  }

  /**
   * Turns a copy of the journal's folder into what a power loss could have left of it: of each file some of the bytes that were not synced
   * are zero, some are cut off, and a file whose name was not synced is gone.
   *
   * @param random in [0, 1)
   */
  losePower(folder: string, random: () => number): void {
    for (const [name, { synced, written, named }] of this.#files) {
      const path = join(folder, name);
      if (!named) unlinkSync(path);
      else if (written > synced) {
        const kept = synced + Math.floor(random() * (written - synced + 1));
        truncateSync(path, kept);
        const zeros = Math.floor(random() * (kept - synced + 1));
        if (zeros > 0) writeZeros(path, synced, zeros);
      }
    }
  }

  makeDirectory(path: string): Promise<void> {
    return nodeFileSystem.makeDirectory(path);
  }

  list(path: string): Promise<string[]> {
    return nodeFileSystem.list(path);
  }

  async create(path: string): Promise<JournalFile> {
    this.#strike("create");
    const file = await nodeFileSystem.create(path);
    const durability = { synced: 0, written: 0, named: false };
    this.#files.set(basename(path), durability);
    return this.#wrap(file, durability);
  }

  open(path: string): Promise<JournalFile> {
    return nodeFileSystem.open(path);
  }

  async unlink(path: string): Promise<void> {
    this.#strike("unlink");
    await nodeFileSystem.unlink(path);
    this.#files.delete(basename(path));
  }

  async syncDirectory(path: string): Promise<void> {
    this.#strike("syncDirectory");
    await nodeFileSystem.syncDirectory(path);
    for (const durability of this.#files.values()) durability.named = true;
  }

  freeBytes(path: string): Promise<number> {
    return nodeFileSystem.freeBytes(path);
  }

  #wrap(file: JournalFile, durability: Durability): JournalFile {
    return {
      read: (target, position) => file.read(target, position),
      size: () => file.size(),
      close: () => file.close(),
      writev: async (buffers, position) => {
        const given = this.#isShort() ? shortened(buffers) : buffers;
        this.#strike("writev");
        const count = await file.writev(given, position);
        durability.written = Math.max(durability.written, position + count);
        return count;
      },
      datasync: async () => {
        const { written } = durability;
        this.#strike("datasync");
        await file.datasync();
        durability.synced = written;
      },
    };
  }

  #isShort(): boolean {
    return this.#fault === "short" && !this.#healed && this.#count + 1 === this.#at;
  }

  /** Counts an operation, and fails it if its time has come. */
  #strike(operation: Operation): void {
    if (this.#healed || !FAULTY[this.#fault].includes(operation)) return;
    this.#count++;
    if (this.#count === this.#at) this.#onStrike();
    const strikes = this.#fault === "ENOSPC" ? this.#count >= this.#at : this.#count === this.#at;
    if (strikes && (this.#fault === "EIO" || this.#fault === "ENOSPC")) throw systemError(this.#fault, operation);
  }
}

/** The first half of what was to be written. */
function shortened(buffers: readonly Uint8Array[]): Uint8Array[] {
  const all = Buffer.concat(buffers);
  return [all.subarray(0, Math.floor(all.length / 2))];
}

function writeZeros(path: string, offset: number, count: number): void {
  const descriptor = openSync(path, "r+");
  writeSync(descriptor, Buffer.alloc(count), 0, count, offset);
  closeSync(descriptor);
}
