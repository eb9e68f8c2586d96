import { ciphertextChecksum } from "../../ports/ciphertext-checksum.ts";
import type { FragmentRow } from "../../ports/fragment.ts";
import { RecordDamaged } from "../../ports/journal.ts";
import type { JournalFile } from "./file-system.ts";
import {
  ciphertextIn,
  decodeRecordHeader,
  RECORD_HEADER_BYTES,
  RECORD_MAGIC,
  type RecordHeader,
  recordBytes,
} from "./record.ts";
import { HEADER_BLOCK_BYTES } from "./segment-header.ts";

/** Bytes read at a time. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/** What a scan finds at an offset: a whole record, though its table may be damaged, without which the fragment can be read; or bytes that are none. */
export type Found =
  | { readonly kind: "record"; readonly offset: number; readonly header: RecordHeader; readonly bytes: Buffer }
  | { readonly kind: "damage"; readonly offset: number; readonly length: number; readonly header?: RecordHeader };

/** A part of a file in memory that moves forward. */
class Window {
  readonly #file: JournalFile;
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(file: JournalFile) {
    this.#file = file;
  }

  /** The bytes from `offset`: `length` of them, more where they are at hand, fewer at the end of the file. */
  async at(offset: number, length: number): Promise<Buffer> {
    if (offset + length > this.#start + this.#buffer.length) {
      // A new buffer each time: views of the records that were handed out stay as they are.
      const buffer = Buffer.allocUnsafe(Math.max(length, WINDOW_BYTES));
      const count = await this.#file.read(buffer, offset).catch((cause: unknown) => {
        throw new RecordDamaged(`the device does not return the bytes from offset ${offset}`, { cause });
      });
      this.#buffer = buffer.subarray(0, count);
      this.#start = offset;
    }
    return this.#buffer.subarray(offset - this.#start);
  }
}

/**
 * Walks a segment file from record to record. Where there is none, it goes on at the next one that belongs to the file and tells the bytes
 * between as damage: they may be what a crash left behind the last sync, or a record that the device has lost.
 *
 * @param seed the seed of the file's record checksums
 * @param to where to end, at most the length of the file
 * @throws RecordDamaged where the device fails
 */
export async function* scanRecords(file: JournalFile, seed: number, to: number): AsyncGenerator<Found> {
  const window = new Window(file);
  let offset = HEADER_BLOCK_BYTES;
  while (offset < to) {
    const header = decodeRecordHeader(await window.at(offset, RECORD_HEADER_BYTES), seed);
    if (header === undefined) {
      const next = await findRecord(window, seed, offset + 1, to);
      yield { kind: "damage", offset, length: next - offset };
      offset = next;
      continue;
    }
    const length = recordBytes(header);
    const bytes = (await window.at(offset, length)).subarray(0, length);
    const isWithin = offset + length <= to;
    const whole = isWithin && ciphertextChecksum([ciphertextIn(header, bytes)]) === header.checksum;
    if (whole) yield { kind: "record", offset, header, bytes };
    else yield { kind: "damage", offset, length: Math.min(length, to - offset), header };
    offset += length;
  }
}

/** The offset of the next record header at or behind `from`, or `to`. */
async function findRecord(window: Window, seed: number, from: number, to: number): Promise<number> {
  let offset = from;
  while (offset + RECORD_HEADER_BYTES <= to) {
    const bytes = await window.at(offset, RECORD_HEADER_BYTES);
    if (bytes.length < RECORD_HEADER_BYTES) break;
    const hit = bytes.indexOf(RECORD_MAGIC);
    if (hit === -1) {
      offset += bytes.length - RECORD_MAGIC.length + 1;
    } else if (hit > 0) {
      offset += hit;
    } else if (decodeRecordHeader(bytes, seed) === undefined) {
      offset += 1;
    } else {
      return offset;
    }
  }
  return to;
}

/** Puts the records of one segment together to fragments. */
export class FragmentCollector {
  readonly #segment: number;
  readonly #begun = new Map<string, { next: number; extents: number[] }>();

  constructor(segment: number) {
    this.#segment = segment;
  }

  /** Takes the next record of the segment; returns the fragment's row where it is the last one of a whole fragment. */
  add(offset: number, header: RecordHeader): FragmentRow | undefined {
    const { streamId, sequence, serverTimestamp, producerTimestamp, random, part, summary } = header;
    const key = `${streamId}/${sequence}/${random}`;
    const begun = this.#begun.get(key) ?? { next: 0, extents: [] };
    this.#begun.delete(key);
    if (part !== begun.next) return undefined;
    begun.extents.push(offset, recordBytes(header));
    if (summary === undefined) {
      begun.next++;
      this.#begun.set(key, begun);
      return undefined;
    }
    const identity = { streamId, sequence, serverTimestamp, producerTimestamp, random };
    return { ...identity, ...summary, segment: this.#segment, extents: begun.extents };
  }
}
