import type { Connection } from "@kvass/client";
import { connectionTo, environmentEndpoint, isFoundAnyway, type Target } from "./discovery.ts";
import { CliError, describe, isConnectionFailure, USAGE } from "./errors.ts";
import { keepsNothing } from "./keeps-nothing.ts";
import { schemeMixUp } from "./scheme-mix-up.ts";

/** What a client verb works on. */
export interface Work {
  readonly target: Target;
  /** The stream that the command line names. */
  readonly stream?: string | undefined;
  /** What to do where there is no such stream. */
  readonly ifMissing?: string;
}

/** Answers that may come of asking another server than was meant; what others complain of is in the request or the media. */
const ELSEWHERE = new Set([
  "ResourceNotFoundException",
  "UnknownOperationException",
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "MissingAuthenticationTokenException",
  "NotAuthorizedException",
  "AccessDeniedException",
]);

type Environment = Readonly<Record<string, string | undefined>>;

/** What a stream may be called (AWS docs, "CreateStream", StreamName). */
const STREAM_NAME = /^[\w.-]{1,256}$/;

/** Finds the server and does the work with it. Errors that come of where the command was sent, and to which stream, say so. Throws {@link CliError} where no stream can be called so. */
export async function withServer<T>(work: Work, use: (connection: Connection) => Promise<T>): Promise<T> {
  if (work.stream !== undefined && !STREAM_NAME.test(work.stream)) {
    const expected = 'expected 1 to 256 letters, digits, "_", "-" and "."';
    throw new CliError(`STREAM: ${expected}; got "${work.stream}"`, { exitCode: USAGE });
  }
  const connection = await connectionTo(work.target);
  try {
    return await use(connection);
  } catch (error) {
    const mixUp =
      error instanceof Error && isConnectionFailure(error) ? await schemeMixUp(connection.endpoint) : undefined;
    throw explainAnswer(mixUp === undefined ? error : new CliError(mixUp, { cause: error }), work);
  }
}

function inWords(error: Error): string {
  const line = describe(error);
  if (error.name === "InternalFailure") return `the server failed (InternalFailure); its log says why`;
  if (error.name !== "UnrecognizedClientException") return line;
  return `${line.replace(/\.$/, "")}; eval "$(kvass env)" sets the one of the server on this machine`;
}

/** The error to show for work that failed; `error` itself where there is nothing to add. */
export function explainAnswer(
  error: unknown,
  { target, stream, ifMissing }: Work,
  environment: Environment = process.env,
): unknown {
  if (!(error instanceof Error)) return error;
  const isAnswer = /(Exception|^InternalFailure)$/.test(error.name);
  if (!isAnswer && !isConnectionFailure(error)) return error;
  if (error.name === "NoDataRetentionException" && stream !== undefined) {
    return new CliError(keepsNothing(stream), { cause: error });
  }
  const isMissing = error.name === "ResourceNotFoundException" && stream !== undefined;
  const hint = ifMissing === undefined ? "" : `; ${ifMissing}`;
  const what = isMissing ? `${error.name}: there is no stream ${stream}${hint}` : inWords(error);
  const isGiven = target.endpoint !== undefined || target.data !== undefined;
  const isElsewhere = isConnectionFailure(error) || ELSEWHERE.has(error.name);
  const found = isGiven || !isElsewhere ? undefined : environmentEndpoint(environment);
  const isCause = found !== undefined && (!isMissing || !isFoundAnyway(found.url, environment));
  const origin = isCause ? ` (the endpoint is that of ${found.variable})` : "";
  return new CliError(`${what}${origin}`, { cause: error });
}
