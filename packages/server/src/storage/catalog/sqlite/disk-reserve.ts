import { randomFillSync } from "node:crypto";
import { rmSync, statSync } from "node:fs";
import { open, rm, statfs } from "node:fs/promises";
import { dirname } from "node:path";

const MIB = 1024 * 1024;
/** Room for some thousand writes of the catalog, or for the removal of some hundred thousand rows between two checkpoints. */
const MAX_RESERVE_BYTES = 16 * MIB;
/** The unit in which it is written; less would not hold the pages of one larger transaction. */
const MIN_RESERVE_BYTES = MIB;
/** Of a volume for which that is too much: as much as is kept free of the journal. */
const VOLUME_SHARE = 1 / 20;
/** Free bytes, of the reserve's, that its making leaves: what was released serves what it was released for before it is taken back. */
const SPARED_SHARE = 1 / 4;
const BYTES_PER_WRITE = MIB;

/** Bytes of a reserve on a volume of so many bytes: whole MiB. */
export function reserveBytesFor(volumeBytes: number): number {
  const share = Math.floor((volumeBytes * VOLUME_SHARE) / MIB) * MIB;
  return Math.min(MAX_RESERVE_BYTES, Math.max(MIN_RESERVE_BYTES, share));
}

/**
 * A file that keeps space for the databases. To give space back, by a shorter retention or the deletion of a stream, they must write first, and
 * on a full disk they could not. So space that comes back is the reserve's before it is the journal's.
 */
export class DiskReserve {
  readonly #path: string;
  readonly #bytes: number;
  #whole: boolean;

  /**
   * @param path the file; `fill` makes it where there is none, and anew where it has another size
   * @param bytes its size, whole MiB
   */
  constructor(path: string, bytes = MAX_RESERVE_BYTES) {
    this.#path = path;
    this.#bytes = bytes;
    this.#whole = statSync(path, { throwIfNoEntry: false })?.size === bytes;
  }

  /** Gives the space free at once. Returns false where it was given before. */
  release(): boolean {
    if (!this.#whole) return false;
    this.#whole = false;
    rmSync(this.#path, { force: true });
    return true;
  }

  /**
   * Makes the file anew where it was released and there is space again. Calls must not overlap.
   *
   * @returns whether the reserve is there
   * @throws Error where the file system refuses the file
   */
  async fill(): Promise<boolean> {
    if (this.#whole) return true;
    await rm(this.#path, { force: true });
    const { bavail, bsize } = await statfs(dirname(this.#path));
    if (bavail * bsize < this.#bytes * (1 + SPARED_SHARE)) return false;
    try {
      await this.#write();
    } catch (error) {
      await rm(this.#path, { force: true });
      throw error;
    }
    this.#whole = true;
    return true;
  }

  /** Random bytes: zeros would take no space on a file system that compresses. */
  async #write(): Promise<void> {
    const bytes = randomFillSync(Buffer.allocUnsafe(BYTES_PER_WRITE));
    const file = await open(this.#path, "wx", 0o600);
    try {
      for (let end = 0; end < this.#bytes; end += bytes.length) await file.writeFile(bytes);
    } finally {
      await file.close();
    }
  }
}
