/** The worker of sealer.ts: seals one part for each message, into memory that it shares with the main thread. */
import { parentPort } from "node:worker_threads";
import type { Encryption } from "./encrypt.ts";
import { type SealOfPart, sealInto } from "./seal-into.ts";
import type { NumberedOrder, NumberedReply } from "./worker-line.ts";

/** One part to seal. The bytes of `plaintext` and `target` are shared, not copied. */
export interface SealOrder extends Encryption {
  readonly plaintext: readonly Uint8Array[];
  /** Takes the ciphertext. */
  readonly target: Uint8Array;
}

parentPort!.on("message", ({ number, order }: NumberedOrder<SealOrder>) => {
  const message: NumberedReply<SealOfPart> = { number, reply: sealInto(order, order.plaintext, order.target) };
  parentPort!.postMessage(message);
});
