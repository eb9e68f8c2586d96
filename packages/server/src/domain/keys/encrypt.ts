import { createCipheriv, type KeyObject } from "node:crypto";

/** AES-256-GCM with a tag of 16 bytes (NIST SP 800-38D). */
export const CIPHER = "aes-256-gcm";
export const TAG = { authTagLength: 16 } as const;

/**
 * Encrypted or decrypted at once, in bytes. What comes of more than 128 KiB comes in memory that the allocator maps anew each time, which more than doubles the
 * cost; calls for less cost more than their bytes.
 */
export const STEP_BYTES = 64 * 1024;

/** What one message is encrypted with. */
export interface Encryption {
  /** 32 bytes, as a KeyObject: raw keys are several times slower. */
  readonly key: KeyObject;
  /** 12 bytes, never used before with this key. */
  readonly nonce: Uint8Array;
  readonly associated: Uint8Array;
}

/** Encrypts a message that comes in pieces, gives the ciphertext of each to `take`, and returns the tag. */
export function encrypt(
  { key, nonce, associated }: Encryption,
  plaintext: readonly Uint8Array[],
  take: (ciphertext: Buffer) => void,
): Buffer {
  const cipher = createCipheriv(CIPHER, key, nonce, TAG);
  cipher.setAAD(associated);
  for (const piece of plaintext) {
    for (let from = 0; from < piece.length; from += STEP_BYTES) {
      take(cipher.update(piece.subarray(from, from + STEP_BYTES)));
    }
  }
  cipher.final();
  return cipher.getAuthTag();
}
