/** The worker of sealer.ts: seals one part for each message, into memory that it shares with the main thread. */
import type { KeyObject } from "node:crypto";
import { parentPort } from "node:worker_threads";
import { ciphertextChecksum } from "../../storage/ports/ciphertext-checksum.ts";
import { encrypt } from "./encrypt.ts";
import type { NumberedOrder, NumberedReply } from "./worker-line.ts";

/** One part to seal. The bytes of `plaintext` and `target` are shared, not copied. */
export interface SealOrder {
  readonly key: KeyObject;
  readonly nonce: Uint8Array;
  readonly associated: Uint8Array;
  readonly plaintext: readonly Uint8Array[];
  /** Takes the ciphertext, which is as long as the plaintext. The memory of a Buffer. */
  readonly target: Uint8Array;
}

/** What came of an order. */
export interface SealReply {
  readonly tag: Uint8Array;
  /** `ciphertextChecksum`. */
  readonly checksum: number;
}

parentPort!.on("message", ({ number, order }: NumberedOrder<SealOrder>) => {
  const message: NumberedReply<SealReply> = { number, reply: seal(order) };
  parentPort!.postMessage(message);
});

function seal({ key, nonce, associated, plaintext, target }: SealOrder): SealReply {
  const ciphertext = Buffer.from(target.buffer, target.byteOffset, target.length);
  let length = 0;
  const tag = encrypt({ key, nonce, associated }, plaintext, (piece) => {
    // Not `set`, which copies into shared memory word by word: a quarter of the speed (Node 24).
    ciphertext.fill(piece, length, length + piece.length);
    length += piece.length;
    // Gives the memory back at once, and warm: left to the garbage collector it doubles the cost of sealing.
    if (piece.buffer instanceof ArrayBuffer) piece.buffer.transfer(0);
  });
  return { tag, checksum: ciphertextChecksum([ciphertext]) };
}
