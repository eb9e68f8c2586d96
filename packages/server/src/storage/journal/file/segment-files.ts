import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { RecordDamaged, RecordGone, RecordUnavailable } from "../../ports/journal.ts";
import { errorCode, type FileSystem, type JournalFile } from "./file-system.ts";
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  FORMAT,
  HEADER_BLOCK_BYTES,
  otherFormatOf,
  recordSeed,
  SALT_BYTES,
  type SegmentHeader,
} from "./segment-header.ts";

const NAME = /^(\d{10})\.kvj$/;
/** Segments held open for reading; a reader of old footage walks through one after the other. */
const OPEN_FOR_READING = 64;
/** What opening a file says where the process or the system has too many open. */
const NO_DESCRIPTORS: ReadonlySet<string | undefined> = new Set(["EMFILE", "ENFILE"]);

/** A segment that is open for reading. */
export interface ReadableSegment {
  readonly file: JournalFile;
  readonly header: SegmentHeader;
  /** The seed of its record checksums. */
  readonly seed: number;
}

/** A segment has a format that this version does not read: it may be whole. */
export class OtherSegmentFormat extends RecordDamaged {
  readonly format: number;

  constructor(segment: number, format: number) {
    super(`segment ${segment} has format ${format}; this version reads format ${FORMAT}`);
    this.format = format;
  }
}

interface Handle {
  readonly opening: Promise<ReadableSegment>;
  users: number;
  /** Closed as soon as nobody uses it. */
  forgotten: boolean;
}

/** The files of a journal's folder: names, creation, and a bounded number of them held open for reading. */
export class SegmentFiles {
  readonly #files: FileSystem;
  readonly #folder: string;
  /** In order of last use. */
  readonly #handles = new Map<number, Handle>();

  constructor(files: FileSystem, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** `DIR/0000000001.kvj`. */
  path(segment: number): string {
    return join(this.#folder, `${String(segment).padStart(10, "0")}.kvj`);
  }

  /** The numbers of all segment files, ascending. */
  async list(): Promise<number[]> {
    const names = await this.#files.list(this.#folder);
    return names
      .map((name) => NAME.exec(name))
      .filter((match) => match !== null)
      .map((match) => Number(match[1]))
      .sort((a, b) => a - b);
  }

  /** A header for a new segment, with a salt of its own. */
  newHeader(segment: number, retentionClass: number): SegmentHeader {
    return { segment, retentionClass, created: Date.now(), salt: randomBytes(SALT_BYTES) };
  }

  /** Creates a segment's file and makes its header and its name durable. */
  async create(header: SegmentHeader): Promise<JournalFile> {
    const path = this.path(header.segment);
    const file = await this.#files.create(path);
    try {
      const written = await file.writev([encodeSegmentHeader(header)], 0);
      if (written !== HEADER_BLOCK_BYTES) throw Object.assign(new Error("short write"), { code: "ENOSPC" });
      await file.datasync();
      await this.#files.syncDirectory(this.#folder);
      return file;
    } catch (error) {
      await file.close().catch(() => undefined);
      await this.#files.unlink(path).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Runs `body` with the segment open for reading.
   *
   * @throws RecordGone where the file does not exist, RecordDamaged where its header or the device is damaged, RecordUnavailable
   */
  async reading<T>(segment: number, body: (segment: ReadableSegment) => Promise<T>): Promise<T> {
    const handle = this.#handle(segment);
    handle.users++;
    try {
      return await body(await handle.opening);
    } finally {
      handle.users--;
      this.#closeIfUnused(handle);
    }
  }

  /** The length of a segment's file in bytes. */
  async length(segment: number): Promise<number> {
    const file = await this.#files.open(this.path(segment));
    try {
      return await file.size();
    } finally {
      await file.close();
    }
  }

  /** Removes a segment's file for good. Readers that have it open read on. */
  async remove(segment: number): Promise<void> {
    this.#forget(segment);
    try {
      await this.#files.unlink(this.path(segment));
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
  }

  /** Makes removals durable. */
  syncFolder(): Promise<void> {
    return this.#files.syncDirectory(this.#folder);
  }

  async close(): Promise<void> {
    for (const segment of [...this.#handles.keys()]) this.#forget(segment);
  }

  #handle(segment: number): Handle {
    let handle = this.#handles.get(segment);
    if (handle === undefined) {
      handle = { opening: this.#open(segment), users: 0, forgotten: false };
      handle.opening.catch(() => this.#forget(segment));
    }
    this.#handles.delete(segment);
    this.#handles.set(segment, handle);
    if (this.#handles.size > OPEN_FOR_READING) this.#forget(this.#handles.keys().next().value!);
    return handle;
  }

  async #open(segment: number): Promise<ReadableSegment> {
    let file: JournalFile;
    try {
      file = await this.#files.open(this.path(segment));
    } catch (cause) {
      const code = errorCode(cause);
      if (code === "ENOENT") throw new RecordGone(`segment ${segment} no longer exists`, { cause });
      if (NO_DESCRIPTORS.has(code)) throw new RecordUnavailable(`segment ${segment} cannot be opened now`, { cause });
      throw new RecordDamaged(`segment ${segment} cannot be opened`, { cause });
    }
    try {
      const block = await readHeaderBlock(file);
      const header = decodeSegmentHeader(block);
      if (header?.segment !== segment) throw unreadable(segment, block);
      return { file, header, seed: recordSeed(header) };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  #forget(segment: number): void {
    const handle = this.#handles.get(segment);
    if (handle === undefined) return;
    this.#handles.delete(segment);
    handle.forgotten = true;
    this.#closeIfUnused(handle);
  }

  #closeIfUnused(handle: Handle): void {
    if (!handle.forgotten || handle.users > 0) return;
    handle.opening.then(
      ({ file }) => file.close().catch(() => undefined),
      () => undefined,
    );
  }
}

/** Reads the first block of an open segment file, as far as it is there. */
export async function readHeaderBlock(file: JournalFile): Promise<Buffer> {
  const block = Buffer.alloc(HEADER_BLOCK_BYTES);
  return block.subarray(0, await file.read(block, 0));
}

function unreadable(segment: number, block: Buffer): RecordDamaged {
  const format = otherFormatOf(block);
  if (format !== undefined) return new OtherSegmentFormat(segment, format);
  return new RecordDamaged(`the header of segment ${segment} is damaged`);
}
