import { randomFillSync } from "node:crypto";
import { rmSync, statSync } from "node:fs";
import { open, rm, statfs } from "node:fs/promises";
import { dirname } from "node:path";

const MIB = 1024 * 1024;
/** Room for some thousand writes of the catalog, or for the removal of some hundred thousand rows between two checkpoints. */
const RESERVE_BYTES = 16 * MIB;
/** Free bytes that the making of a reserve leaves: what was released serves what it was released for before it is taken back. */
const SPARED_BYTES = 4 * MIB;
const BYTES_PER_WRITE = MIB;

/**
 * A file that keeps space for the databases. To give space back, by a shorter retention or the deletion of a stream, they must write first, and
 * on a full disk they could not.
 */
export class DiskReserve {
  readonly #path: string;
  #whole: boolean;

  /** @param path the file; `fill` makes it where there is none */
  constructor(path: string) {
    this.#path = path;
    this.#whole = statSync(path, { throwIfNoEntry: false })?.size === RESERVE_BYTES;
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
    if (bavail * bsize < RESERVE_BYTES + SPARED_BYTES) return false;
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
      for (let end = 0; end < RESERVE_BYTES; end += bytes.length) await file.writeFile(bytes);
    } finally {
      await file.close();
    }
  }
}
