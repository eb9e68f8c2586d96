/**
 * An error as it goes out on the wire: its type in `x-amzn-ErrorType`, its status, and its message in the body. Services raise those
 * that their schemas model; the functions below make the ones that every AWS front end shares (AWS docs, "Common Errors").
 */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  /** Exception name without namespace, for example `ResourceNotFoundException`. */
  readonly type: string;
  /** HTTP status. */
  readonly status: number;
  /** Member of the JSON body that holds the message: `Message`, or `message` where the schema says so. */
  readonly messageMember: string;
  /** Headers beside the common ones, for example `Allow`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    type: string,
    status: number,
    message: string,
    { messageMember = "Message", headers = {}, cause }: ServiceErrorOptions = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.type = type;
    this.status = status;
    this.messageMember = messageMember;
    this.headers = headers;
  }
}

/** What a {@link ServiceError} may carry beside its type, status and message. */
export interface ServiceErrorOptions {
  readonly messageMember?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** What a service's table may name beside the service's own errors: name and status of errors that every AWS front end can answer with. */
export const COMMON_ERRORS: ReadonlyMap<string, number> = new Map([
  // "The request has failed due to a temporary failure of the server." The SDKs retry it.
  ["ServiceUnavailable", 503],
]);

/** 404: no service has an operation at this method and path. */
export function unknownOperation(method: string, path: string): ServiceError {
  return new ServiceError("UnknownOperationException", 404, `There is no operation at ${method} ${path}.`);
}

/** 405: the path is known, with other methods. */
export function methodNotAllowed(method: string, allowed: readonly string[]): ServiceError {
  const allow = allowed.join(", ");
  return new ServiceError("MethodNotAllowedException", 405, `${method} is not allowed here; use ${allow}.`, {
    headers: { Allow: allow },
  });
}

/** 400: the input is not the JSON that the operation's schema asks for. */
export function serialization(message: string): ServiceError {
  return new ServiceError("SerializationException", 400, message);
}

/** 413: the body of a request that must be read as a whole is larger than allowed. */
export function requestTooLarge(limitBytes: number): ServiceError {
  return new ServiceError("RequestEntityTooLargeException", 413, `The request body exceeds ${limitBytes} bytes.`);
}

/** 408: the body of a request that must be read as a whole did not arrive in time. */
export function requestTimeout(limitMs: number): ServiceError {
  return new ServiceError("RequestTimeoutException", 408, `The request body did not arrive within ${limitMs} ms.`);
}

/**
 * 501: the operation exists in AWS's API but not in Kvass. Neither the JavaScript nor the Python SDK retries a 501, while both retry
 * 500, 502, 503 and 504.
 */
export function notImplemented(operation: string): ServiceError {
  return new ServiceError("NotImplementedException", 501, `Kvass does not implement ${operation} yet.`);
}

/** 500: anything unexpected. The cause is for the log alone. */
export function internalFailure(cause: unknown): ServiceError {
  return new ServiceError("InternalFailure", 500, "The request failed because of an internal error.", { cause });
}
