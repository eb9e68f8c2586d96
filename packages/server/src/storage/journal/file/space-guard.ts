import { join } from "node:path";
import { JournalUnavailable } from "../../ports/journal.ts";
import { binarySize } from "./binary-size.ts";
import { errorCode, type FileSystem } from "./file-system.ts";
import type { JournalLimits } from "./limits.ts";
import { toUnavailable } from "./open-segment.ts";

/** A probe writes this much: less might fit into the last block of a full disk. */
const PROBE_BYTES = 64 * 1024;
/**
 * A refusal is lifted when as much fits as was refused, so that it does not come again at once, or this much: a part larger than all of the space
 * must not keep every other out.
 */
const MAX_WANTED_BYTES = 1024 * 1024;
const PROBE_FILE = "probe.tmp";

/** What gives space, for whoever reads the error. It comes back by itself once there is some. */
const QUOTA_WAYS_OUT = "delete streams, shorten their retention, or start the server with a higher limit";
const DISK_WAYS_OUT = "make space on it, delete streams, or shorten their retention";

/** Space on the journal's file system that is kept for others. */
export interface SpaceReserve {
  /** Takes the space where it was given free. Resolves to whether it is there. */
  fill(): Promise<boolean>;
}

/** What a guard looks at. */
export interface GuardedPlace {
  readonly files: FileSystem;
  readonly folder: string;
  readonly reserve?: SpaceReserve | undefined;
}

/** What a guard must know of the journal's bytes. */
export interface SpaceUse {
  /** Bytes of all segment files, also those that are placed and not written yet. */
  readonly stored: number;
  /** Bytes placed since the start. */
  readonly placed: number;
  /** Placed bytes that no file has yet, and that the file system therefore still counts as free. */
  readonly unwritten: number;
}

/**
 * Knows whether the journal may take data: not while its quota is reached, the disk is (nearly) full, or the device fails. While it may not,
 * the guard probes regularly with a real write and lets ingest resume by itself.
 *
 * Between two looks at the disk it counts what is placed against the space that it saw, so that the floor holds at any rate.
 */
export class SpaceGuard {
  readonly #files: FileSystem;
  readonly #folder: string;
  readonly #reserve: SpaceReserve | undefined;
  readonly #limits: JournalLimits;
  readonly #use: () => SpaceUse;
  readonly #timer: NodeJS.Timeout;
  #unavailable: JournalUnavailable | undefined;
  /** `placed` at which the free space of the last look is used up; nothing is taken before the first one. */
  #placedLimit = 0;
  /** Bytes that must fit before a refusal is lifted. */
  #wanted = 1;
  #probing: Promise<void> | undefined;

  constructor(place: GuardedPlace, limits: JournalLimits, use: () => SpaceUse) {
    this.#files = place.files;
    this.#folder = place.folder;
    this.#reserve = place.reserve;
    this.#limits = limits;
    this.#use = use;
    this.#timer = setInterval(() => this.probe(), limits.probeIntervalMs).unref();
  }

  /** Why the journal takes no data now. */
  get unavailable(): JournalUnavailable | undefined {
    return this.refusal(1);
  }

  /** Why the journal takes no `bytes` more now, undefined where it does. */
  refusal(bytes: number): JournalUnavailable | undefined {
    if (this.#unavailable === undefined) {
      this.#unavailable = this.#shortage(bytes);
      if (this.#unavailable !== undefined) this.#wanted = Math.min(bytes, MAX_WANTED_BYTES);
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
    if (found === undefined) this.#wanted = 1;
  }

  async #find(): Promise<JournalUnavailable | undefined> {
    try {
      // Before anything else may have the space that came back.
      if ((await this.#reserve?.fill()) === false) {
        const message = `the archive's disk is full, the server's reserve does not fit; ${DISK_WAYS_OUT}`;
        return new JournalUnavailable("disk-full", message);
      }
      // Asked before the file system: what is written meanwhile counts twice until the next look, and never not at all.
      const { placed, unwritten } = this.#use();
      const free = await this.#files.freeBytes(this.#folder);
      this.#placedLimit = placed + free - unwritten - this.#limits.minFreeBytes;
      const shortage = this.#shortage(this.#wanted);
      if (shortage === undefined && this.#unavailable !== undefined) await this.#write();
      return shortage;
    } catch (error) {
      return toUnavailable(error);
    }
  }

  #shortage(bytes: number): JournalUnavailable | undefined {
    const { stored, placed } = this.#use();
    const { maxBytes, minFreeBytes } = this.#limits;
    if (stored + bytes > maxBytes) {
      const message = `the archive is full, its limit is ${binarySize(maxBytes)} (--max-bytes); ${QUOTA_WAYS_OUT}`;
      return new JournalUnavailable("quota", message);
    }
    if (placed + bytes > this.#placedLimit) {
      const message = `less than ${binarySize(minFreeBytes)} of the archive's disk would stay free (--min-free-bytes); ${DISK_WAYS_OUT}`;
      return new JournalUnavailable("disk-full", message);
    }
    return undefined;
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
