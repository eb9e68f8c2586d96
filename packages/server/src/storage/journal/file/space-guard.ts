import { join } from "node:path";
import { JournalUnavailable } from "../../ports/journal.ts";
import { errorCode, type FileSystem } from "./file-system.ts";
import type { JournalLimits } from "./limits.ts";
import { toUnavailable } from "./open-segment.ts";

/** A probe writes this much: less might fit into the last block of a full disk. */
const PROBE_BYTES = 64 * 1024;
const PROBE_FILE = "probe.tmp";

/**
 * Knows whether the journal may take data: not while its quota is reached, the disk is (nearly) full, or the device fails. While it may not,
 * the guard probes regularly with a real write and lets ingest resume by itself.
 */
export class SpaceGuard {
  readonly #files: FileSystem;
  readonly #folder: string;
  readonly #limits: JournalLimits;
  readonly #storedBytes: () => number;
  readonly #timer: NodeJS.Timeout;
  #unavailable: JournalUnavailable | undefined;
  #probing: Promise<void> | undefined;

  constructor(files: FileSystem, folder: string, limits: JournalLimits, storedBytes: () => number) {
    this.#files = files;
    this.#folder = folder;
    this.#limits = limits;
    this.#storedBytes = storedBytes;
    this.#timer = setInterval(() => this.probe(), limits.probeIntervalMs).unref();
  }

  /** Why the journal takes no data now. */
  get unavailable(): JournalUnavailable | undefined {
    if (this.#unavailable === undefined && this.#storedBytes() >= this.#limits.maxBytes) {
      this.#unavailable = new JournalUnavailable("quota", `the archive has reached its ${this.#limits.maxBytes} bytes`);
    }
    return this.#unavailable;
  }

  /** Tells that the device refused something. The next probe lifts it where the device has recovered. */
  failed(failure: JournalUnavailable): void {
    if (this.#unavailable?.reason !== "closed") this.#unavailable = failure;
  }

  /** Looks at the disk now; resolves when `unavailable` says what it found. */
  probe(): Promise<void> {
    this.#probing ??= this.#look().finally(() => {
      this.#probing = undefined;
    });
    return this.#probing;
  }

  /** Ends the probing; the journal is unavailable for good. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#unavailable = new JournalUnavailable("closed", "the journal is closed");
    await this.#probing;
  }

  async #look(): Promise<void> {
    const found = await this.#find();
    if (this.#unavailable?.reason !== "closed") this.#unavailable = found;
  }

  async #find(): Promise<JournalUnavailable | undefined> {
    try {
      const free = await this.#files.freeBytes(this.#folder);
      if (free < this.#limits.minFreeBytes) {
        return new JournalUnavailable("disk-full", `only ${free} bytes are free on the archive's file system`);
      }
      if (this.#storedBytes() >= this.#limits.maxBytes) return this.unavailable;
      if (this.#unavailable !== undefined) await this.#write();
      return undefined;
    } catch (error) {
      return toUnavailable(error);
    }
  }

  async #write(): Promise<void> {
    const path = join(this.#folder, PROBE_FILE);
    await this.#removeProbe(path);
    const file = await this.#files.create(path);
    try {
      const count = await file.writev([Buffer.alloc(PROBE_BYTES)], 0);
      if (count < PROBE_BYTES)
        throw new JournalUnavailable("disk-full", "the archive's file system took part of a write");
      await file.datasync();
    } finally {
      await file.close();
      await this.#removeProbe(path);
    }
  }

  async #removeProbe(path: string): Promise<void> {
    await this.#files.unlink(path).catch((error: unknown) => {
      if (errorCode(error) !== "ENOENT") throw error;
    });
  }
}
