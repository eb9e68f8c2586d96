import { INGEST_ERROR_IDS, type IngestError, type IngestErrorCode } from "./ingest-error.ts";

/**
 * Why a session ended:
 * - `end of body`: as the producer wished
 * - `connection lost`: the body broke off
 * - `idle`: the producer sent nothing for too long
 * - `drained`: the server stops
 * - `stream deleted`
 * - `error`: by an ERROR acknowledgement, whose error it is
 */
export type EndReason = "end of body" | "connection lost" | "idle" | "drained" | "stream deleted" | "error";

/** How a session ended, and what it brought. */
export interface SessionOutcome {
  readonly reason: EndReason;
  /** Of the ERROR acknowledgement that was the last one, if any: of a session that ended for another reason, what was not stored. */
  readonly errorId?: number;
  readonly errorCode?: IngestErrorCode;
  /** What was wrong, in words: the error's, or how the connection was lost. */
  readonly message?: string;
  /** Fragments that came whole. */
  readonly fragments: number;
  /** Those of them that were acknowledged as PERSISTED. */
  readonly persisted: number;
  /** Bytes of the body. */
  readonly bytes: number;
  /** From its first moment to its last, to a tenth. */
  readonly seconds: number;
}

/** What an error contributes to an outcome. */
export const describeError = ({ code, message }: IngestError) => ({
  errorId: INGEST_ERROR_IDS[code],
  errorCode: code,
  message,
});
