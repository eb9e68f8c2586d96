import type { FragmentIdentity, FragmentSummary } from "../ports/fragment.ts";
import type { SealedPart, SealedTable } from "../ports/journal.ts";

/** A fragment's identity whose times follow from its sequence: 2 s each, the producer's clock one hour behind. */
export function identityOf(
  streamId: number,
  sequence: number,
  changes: Partial<FragmentIdentity> = {},
): FragmentIdentity {
  const serverTimestamp = 1_795_254_695_186 + sequence * 2000;
  return {
    streamId,
    sequence,
    serverTimestamp,
    producerTimestamp: serverTimestamp - 3_600_000,
    random: (sequence * 7919) % 2 ** 28,
    ...changes,
  };
}

/** A part as sealed: journals do not open it, so any bytes serve. `bytes` bytes, told apart by `tint`, in pieces of about 1,000. */
export function sealedPart(bytes: number, tint: number): SealedPart {
  const ciphertext: Uint8Array[] = [];
  for (let rest = bytes; rest > 0; rest -= 1000) ciphertext.push(Buffer.alloc(Math.min(rest, 1000), tint + rest));
  return { nonce: Buffer.alloc(12, tint), tag: Buffer.alloc(16, tint + 1), ciphertext };
}

/** A table as sealed, of any `bytes` bytes. */
export function sealedTable(bytes: number, tint: number): SealedTable {
  return { nonce: Buffer.alloc(12, tint), tag: Buffer.alloc(16, tint + 1), ciphertext: Buffer.alloc(bytes, tint + 2) };
}

export const summaryOf = (size: number, duration = 2000): FragmentSummary => ({
  duration,
  size,
  startsClean: size % 2 === 0,
  lacksPictures: size % 4 === 1,
  configuration: 2 ** 32 - 1 - size,
});
