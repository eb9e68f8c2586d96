import { CommanderError } from "commander";

/** A failure that the person at the terminal can act on; its message is the one line that they see. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: number;

  constructor(message: string, options: { exitCode?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? FAILURE;
  }
}

const FAILURE = 1;
/** The command line itself was wrong, as in sysexits and most shells' built-ins. */
export const USAGE = 2;
/** 128 + SIGINT, what a shell reports for a program that ^C ended. */
export const INTERRUPTED = 130;

const UNTRUSTED = "the server's certificate is not trusted; NODE_EXTRA_CA_CERTS=FILE.pem names its authority";

const NETWORK: Record<string, string> = {
  ECONNREFUSED: "connection refused (is the server running?)",
  ENOTFOUND: "host not found",
  EAI_AGAIN: "host not found (no name server answered)",
  ECONNRESET: "the connection was reset",
  ETIMEDOUT: "no answer in time",
  EPIPE: "the connection was closed",
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  EPROTO: "TLS failed (is it an http:// endpoint?)",
  EADDRINUSE: "the address is in use by another program",
  EADDRNOTAVAIL: "no address of this machine",
};

const NO_CREDENTIALS =
  "no credentials found in the environment, shared files or metadata; kvass env prints those of a server on this machine";

const FILES: Record<string, string> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EISDIR: "is a folder",
  ENOTDIR: "is no folder",
  ENOSPC: "no space left on the disk",
  EDQUOT: "the quota of the disk is used up",
  EFBIG: "the file would be too large",
  EIO: "the disk failed",
  EPIPE: "nobody reads it any more",
  EROFS: "the file system is read-only",
  ENAMETOOLONG: "the name is too long",
  EEXIST: "exists already",
};

/** An error of Node about a file or a connection. */
export interface SystemError extends Error {
  readonly code?: string;
  readonly path?: string;
  readonly hostname?: string;
  readonly address?: string;
  readonly port?: number;
}

function describeFileError({ code = "", path }: SystemError): string | undefined {
  return path !== undefined && FILES[code] !== undefined ? `${path}: ${FILES[code]}` : undefined;
}

function describeNetworkError({ code = "", hostname, address, port }: SystemError): string | undefined {
  if (NETWORK[code] === undefined) return undefined;
  const place = address === undefined ? hostname : `${address}:${port}`;
  return place === undefined ? NETWORK[code] : `${place}: ${NETWORK[code]}`;
}

/** Whether a TLS connection failed since nobody that this machine trusts vouches for the certificate. */
export const isUntrusted = (error: SystemError): boolean => NETWORK[error.code ?? ""] === UNTRUSTED;

/** Whether a connection could not be made, or broke. */
export function isConnectionFailure(error: Error): boolean {
  const [first] = error instanceof AggregateError ? error.errors : [];
  const causes = [error, error.cause, first].filter((cause) => cause instanceof Error);
  return causes.some((cause) => describeNetworkError(cause) !== undefined);
}

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, " ").trim();

/** How commander names a value that does not do, with the option's flags or the argument, the value and what was expected. */
const INVALID =
  /^(?:option '(?:-\w, )?(--[\w-]+).*' argument '(.*)'|command-argument value '(.*)') is invalid(?: for argument '(.*)')?\. (.*)$/s;

/** What commander complains of, in the words of the other messages: `--width: expected a number from 1 to 3840; got "0"`. */
function describeUsage({ message }: CommanderError): string {
  const line = message.replace(/^error: /, "");
  const [, flag, value, argumentValue, argument, expected] = INVALID.exec(line) ?? [];
  if (expected === undefined) return oneLine(line).replace(/\.$/, "");
  const what = expected.replace(/^Allowed choices are (.*)\.$/s, "expected one of $1");
  return oneLine(`${flag ?? argument}: ${what}; got "${value ?? argumentValue}"`);
}

/** The one line that says what went wrong: no stack, no nesting, the exception's AWS name where it has one. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(String(error));
  if (error instanceof CliError) return oneLine(error.message);
  if (error instanceof CommanderError) return describeUsage(error);
  if (error.name === "CredentialsProviderError") return NO_CREDENTIALS;
  // Node tries IPv6 and IPv4 and reports both failures; they have the same cause.
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0]);
  // A library's error about a connection says less than the system's that it wraps.
  const cause = error.cause instanceof Error ? describeNetworkError(error.cause) : undefined;
  const known = describeFileError(error) ?? describeNetworkError(error) ?? cause;
  if (known !== undefined) return known;
  const named = /Exception$/.test(error.name) ? `${error.name}: ${error.message}` : error.message;
  return oneLine(named === "" ? error.name : named);
}

/** What the process exits with after this error; never 0. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode;
  // The server's settings are options of `kvass serve`.
  const isUsage = error instanceof CommanderError || (error instanceof Error && error.name === "ConfigError");
  return isUsage ? USAGE : FAILURE;
}
