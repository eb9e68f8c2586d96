import { createDecipheriv, type KeyObject } from "node:crypto";
import { CIPHER, STEP_BYTES, TAG } from "./encrypt.ts";

/** What one message was encrypted with, and its tag. */
export interface Decryption {
  readonly key: KeyObject;
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  readonly associated: Uint8Array;
  /** 16 bytes. */
  readonly tag: Uint8Array;
}

/**
 * Turns a ciphertext into its plaintext where it lies, without memory for a second one. Returns false where the seal does not hold; what the
 * bytes are then is of no use to anybody.
 */
export function decryptInPlace({ key, nonce, associated, tag }: Decryption, bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const decipher = createDecipheriv(CIPHER, key, nonce, TAG);
  decipher.setAAD(associated);
  decipher.setAuthTag(tag);
  for (let from = 0; from < text.length; from += STEP_BYTES) {
    const step = decipher.update(text.subarray(from, from + STEP_BYTES));
    step.copy(text, from);
    // Gives the memory back at once, and warm: left to the garbage collector it doubles the cost of opening.
    if (step.buffer instanceof ArrayBuffer) step.buffer.transfer(0);
  }
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  }
}
