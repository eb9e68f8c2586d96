/**
 * The failures that the product's rules can answer with. A service maps each code to a modelled AWS error through its own table;
 * a code that no table names becomes an opaque InternalFailure.
 */
export type DomainErrorCode =
  | "invalid-argument"
  | "invalid-resource-format"
  | "stream-not-found"
  | "stream-exists"
  | "stream-not-active"
  | "stream-limit"
  | "storage-full"
  | "version-mismatch"
  | "tags-limit"
  | "no-data-retention"
  | "connection-limit"
  | "client-limit"
  | "not-found"
  | "no-decoder"
  | "decoder-unavailable"
  | "archive-unavailable"
  | "not-authorized"
  | "unsupported-media"
  | "missing-codec-data"
  | "invalid-codec-data"
  | "invalid-media-frame";

/** A rule of the domain refused the request; `message` is for the caller and never holds a secret. */
export class DomainError extends Error {
  override readonly name = "DomainError";
  readonly code: DomainErrorCode;

  constructor(code: DomainErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
