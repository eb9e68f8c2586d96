import type { Readable } from "node:stream";
import { requestTimeout, requestTooLarge } from "./errors.ts";

/** Largest body of an operation that takes JSON: a thousand fragment numbers are 52 KB; a MediaLive channel stays under 1 MiB. */
export const MAX_WHOLE_BODY_BYTES = 1024 * 1024;
/** Longest wait for such a body. At 1 MiB this asks for 35 KB/s, which any link that can carry video has. */
export const WHOLE_BODY_TIMEOUT_MS = 30_000;

const CLIENT_LEFT = "the client went away before the end of its request";

/**
 * Reads a body to its end.
 * @throws ServiceError RequestEntityTooLargeException or RequestTimeoutException, with the rest of the body left unread
 * @throws Error where the client goes away before the end
 */
export function readWholeBody(body: Readable): Promise<Buffer> {
  // A client may have left while its credential was looked up: no event would tell any more.
  if (body.destroyed) return Promise.reject(new Error(CLIENT_LEFT));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > MAX_WHOLE_BODY_BYTES) settle(() => reject(requestTooLarge(MAX_WHOLE_BODY_BYTES)));
      else chunks.push(chunk);
    };
    const onEnd = (): void => settle(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)));
    const onError = (error: Error): void => settle(() => reject(error));
    const onClose = (): void => settle(() => reject(new Error(CLIENT_LEFT)));
    const timer = setTimeout(() => settle(() => reject(requestTimeout(WHOLE_BODY_TIMEOUT_MS))), WHOLE_BODY_TIMEOUT_MS);
    const settle = (outcome: () => void): void => {
      clearTimeout(timer);
      body.pause().off("data", onData).off("end", onEnd).off("error", onError).off("close", onClose);
      outcome();
    };
    body.on("data", onData).on("end", onEnd).on("error", onError).on("close", onClose);
  });
}
