import type { Ack } from "./acks.ts";

/** The service refused a request, or what it answered cannot be used. `name` is the exception's AWS name where it has one. */
export class KinesisVideoError extends Error {
  /** HTTP status of the answer; undefined where the connection failed before one came. */
  readonly status: number | undefined;
  /** `x-amzn-RequestId` of the answer. */
  readonly requestId: string | undefined;

  constructor(
    name: string,
    message: string,
    details: { status?: number | undefined; requestId?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.name = name;
    this.status = details.status;
    this.requestId = details.requestId;
  }

  /** Whether the same request may succeed later: throttling, faults of the server (but not 501, which it does not implement), broken connections. */
  get retryable(): boolean {
    if (this.status === undefined) return true;
    if (this.status >= 500) return this.status !== 501;
    return /LimitExceeded|Throttl/.test(this.name);
  }
}

/** The service ended a PutMedia connection by an ERROR acknowledgement (AWS docs, "PutMedia", "Response syntax"). */
export class PutMediaError extends Error {
  override readonly name = "PutMediaError";
  readonly ack: Ack;

  constructor(ack: Ack) {
    const place = ack.fragmentTimecode === undefined ? "" : ` at fragment timecode ${ack.fragmentTimecode}`;
    const detail = ack.message === undefined ? "" : `: ${ack.message}`;
    super(`the service ended the stream with ${ack.errorCode} (${ack.errorId})${place}${detail}`);
    this.ack = ack;
  }
}
