import type { WrappedKey } from "./stream-catalog.ts";

/**
 * Wraps the data keys of streams under a key that never leaves it. The embedded adapter keeps that key in a local file (0600);
 * a KMS adapter asks a key service.
 */
export interface KeyEncryption {
  /** Seals a 32-byte data key, bound to `context` (the stream's ARN): only the same context opens it again. */
  wrap(dataKey: Uint8Array, context: string): Promise<WrappedKey>;
  /** Opens a wrapped key. Rejects with `KeyUnavailable` where the wrapping key is unknown or the bytes are not authentic. */
  unwrap(wrapped: WrappedKey, context: string): Promise<Uint8Array>;
}

/** The wrapping key is unknown here, or the wrapped bytes were altered. */
export class KeyUnavailable extends Error {
  override readonly name = "KeyUnavailable";
}
