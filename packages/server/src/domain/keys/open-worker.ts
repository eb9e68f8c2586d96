/** The worker of opener.ts: opens one part for each message, in memory that it is given and gives back. */
import { parentPort } from "node:worker_threads";
import { type Decryption, decryptInPlace } from "./decrypt.ts";
import type { NumberedOrder, NumberedReply } from "./worker-line.ts";

/** One part to open. */
export interface OpenOrder extends Decryption {
  /** Ciphertext. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The order's bytes: plaintext, where the seal holds. */
export interface OpenReply {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly holds: boolean;
}

parentPort!.on("message", ({ number, order }: NumberedOrder<OpenOrder>) => {
  const { bytes } = order;
  const message: NumberedReply<OpenReply> = { number, reply: { bytes, holds: decryptInPlace(order, bytes) } };
  parentPort!.postMessage(message, [bytes.buffer]);
});
