/**
 * Sealing of fragment parts: AES-256-GCM (NIST SP 800-38D) under the stream's data key, with everything that identifies the part as
 * additional authenticated data. A part opens only as what it was sealed as: same stream, fragment, place in the fragment and summary; and so does
 * the table of a fragment's frames.
 */
import { type KeyObject, randomFillSync } from "node:crypto";
import type { FragmentIdentity, FragmentSummary } from "../../storage/ports/fragment.ts";
import {
  RecordDamaged,
  type SealedPart,
  type SealedTable,
  type StoredPart,
  type StoredTable,
} from "../../storage/ports/journal.ts";
import { type Decryption, decryptInPlace } from "./decrypt.ts";
import { type Encryption, encrypt } from "./encrypt.ts";

const NONCE_BYTES = 12;
/** Random bytes are drawn this many nonces at a time: a system call for each would cost more than the sealing of a small part. */
const NONCES_PER_DRAW = 512;
const ASSOCIATED_BYTES = 68;
/** Names this layout of the associated data; another layout takes another word. */
const LAYOUT = 0x4b564632;
/** In place of a part's number in the associated data of a fragment's table; parts have smaller numbers. */
const TABLE = 0xffff_ffff;

const nonces = Buffer.allocUnsafeSlow(NONCE_BYTES * NONCES_PER_DRAW);
let nonceOffset = nonces.length;

/** A fresh random 96-bit nonce (SP 800-38D section 8.2.2), copied out because the pool is drawn anew. */
function nextNonce(): Uint8Array {
  if (nonceOffset === nonces.length) {
    randomFillSync(nonces);
    nonceOffset = 0;
  }
  nonceOffset += NONCE_BYTES;
  return new Uint8Array(nonces.subarray(nonceOffset - NONCE_BYTES, nonceOffset));
}

function writeInteger(target: Buffer, value: number, offset: number): void {
  target.writeUInt32LE(Math.floor(value / 2 ** 32), offset + 4);
  target.writeUInt32LE(value >>> 0, offset);
}

/**
 * The associated data of one part: 68 bytes, one layout for every part, so that no two different parts encode alike. In memory of its own: a
 * message to a worker takes all of the memory that a view lies in, and Node's pool of small buffers has 64 KiB.
 */
function associatedData(identity: FragmentIdentity, part: number, summary: FragmentSummary | undefined): Buffer {
  const data = Buffer.allocUnsafeSlow(ASSOCIATED_BYTES);
  data.writeUInt32LE(LAYOUT, 0);
  data.writeUInt32LE(identity.random, 4);
  writeInteger(data, identity.streamId, 8);
  writeInteger(data, identity.sequence, 16);
  writeInteger(data, identity.serverTimestamp, 24);
  data.writeDoubleLE(identity.producerTimestamp, 32);
  data.writeUInt32LE(part, 40);
  data.writeUInt32LE(flagsOf(summary), 44);
  data.writeDoubleLE(summary?.duration ?? 0, 48);
  writeInteger(data, summary?.size ?? 0, 56);
  data.writeUInt32LE(summary?.configuration ?? 0, 64);
  return data;
}

/** 1 for a fragment's last part, and there 2 and 4 for what `FragmentSummary` says of its beginning and its pictures. */
function flagsOf(summary: FragmentSummary | undefined): number {
  if (summary === undefined) return 0;
  return 1 | (summary.startsClean ? 2 : 0) | (summary.lacksPictures ? 4 : 0);
}

/**
 * What a part is sealed with, its nonce drawn anew.
 *
 * @param key the stream's data key
 * @param part from 0 within the fragment
 * @param summary given for the fragment's last part, and only there
 */
export function encryptionOf(
  key: KeyObject,
  identity: FragmentIdentity,
  part: number,
  summary: FragmentSummary | undefined,
): Encryption {
  return { key, nonce: nextNonce(), associated: associatedData(identity, part, summary) };
}

/** Seals one part. `chunks` is the plaintext in pieces; they are read, not kept. */
export function sealPart(encryption: Encryption, chunks: readonly Uint8Array[]): SealedPart {
  const ciphertext: Buffer[] = [];
  const tag = encrypt(encryption, chunks, (piece) => ciphertext.push(piece));
  return { nonce: encryption.nonce, tag, ciphertext };
}

/** What a part opens with: the other half of `encryptionOf`. */
export function decryptionOf(key: KeyObject, stored: StoredPart): Decryption {
  const { part, summary } = stored;
  // Copied: they may lie beside the ciphertext, in memory that is on its way to another thread.
  const [nonce, tag] = [new Uint8Array(stored.nonce), new Uint8Array(stored.tag)];
  return { key, nonce, tag, associated: associatedData(stored, part, summary) };
}

/**
 * Opens one part and returns its plaintext, in memory of its own.
 *
 * @throws RecordDamaged where the seal does not hold: other key, altered bytes, or a part that was sealed as another one
 */
export function openPart(key: KeyObject, stored: StoredPart): Buffer {
  const bytes = Buffer.from(stored.ciphertext);
  if (!decryptInPlace(decryptionOf(key, stored), bytes)) throw brokenSeal(stored);
  return bytes;
}

/** Seals the table of a fragment's frames. */
export function sealTable(
  key: KeyObject,
  identity: FragmentIdentity,
  summary: FragmentSummary,
  table: Uint8Array,
): SealedTable {
  const { nonce, tag, ciphertext } = sealPart(encryptionOf(key, identity, TABLE, summary), [table]);
  return { nonce, tag, ciphertext: ciphertext.length === 1 ? ciphertext[0]! : Buffer.concat(ciphertext) };
}

/**
 * Opens the table of a fragment's frames and returns its plaintext, in memory of its own.
 *
 * @throws RecordDamaged where the seal does not hold: other key, altered bytes, or the table of another fragment
 */
export function openTable(key: KeyObject, stored: StoredTable): Buffer {
  const { nonce, tag, summary, streamId, sequence } = stored;
  const bytes = Buffer.from(stored.ciphertext);
  const associated = associatedData(stored, TABLE, summary);
  if (decryptInPlace({ key, nonce, tag, associated }, bytes)) return bytes;
  throw new RecordDamaged(`the seal of the table of fragment ${sequence} of stream ${streamId} does not hold`);
}

/** The error for a part whose seal does not hold. */
export function brokenSeal({ part, sequence, streamId }: StoredPart): RecordDamaged {
  return new RecordDamaged(`the seal of part ${part} of fragment ${sequence} of stream ${streamId} does not hold`);
}
