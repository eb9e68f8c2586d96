import type { CodecError, CodecErrorCode } from "@kvass/media";
import { DomainError, type DomainErrorCode } from "../errors.ts";

const CODES: Readonly<Record<CodecErrorCode, DomainErrorCode>> = {
  unsupported: "unsupported-media",
  "missing-configuration": "missing-codec-data",
  "invalid-configuration": "invalid-codec-data",
};

/** What a caller of the API is told, in the words of `message`, where a track cannot be described. */
export const codecRefusal = (cause: CodecError, message: string): DomainError =>
  new DomainError(CODES[cause.code], message, { cause });
