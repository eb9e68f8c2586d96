import type { IncomingHttpHeaders } from "node:http";

/** Who signed a request, as the credential lookup knows them. */
export interface Principal {
  /** Twelve decimal digits. */
  readonly accountId: string;
  /** `arn:aws:iam::{account}:root`, `arn:aws:iam::{account}:user/{name}`, ... */
  readonly arn: string;
  /** The access key that the request was signed with. */
  readonly accessKeyId: string;
  /** True for the account's root credential, to which every action is allowed. */
  readonly root: boolean;
}

/** What an operation may know of the request beside its decoded input. */
export interface RequestContext {
  /** UUID, sent back as `x-amzn-RequestId` and bound to every log line of the request. */
  readonly requestId: string;
  readonly principal: Principal;
  /** Name of the declared service, for example `kinesis-video`. */
  readonly service: string;
  /** Name of the operation, for example `CreateStream`. */
  readonly operation: string;
  /** Region of the server, which is also that of the signature's scope. */
  readonly region: string;
  /** `scheme://host[:port]` under which this client reaches the server: no path, no trailing slash. */
  readonly baseUrl: string;
  /** IP address that the connection came from; empty where it was gone already. */
  readonly remoteAddress: string;
  /** Aborted when the client goes away or the server stops waiting for the request. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch at which the request line arrived. */
  readonly receivedAt: number;
  /** Lower-case header names, as Node joins them. */
  readonly headers: Readonly<IncomingHttpHeaders>;
}

/** One operation of a service: validated input in, output or a thrown error out. */
export type OperationHandler<Input, Output> = (input: Input, context: RequestContext) => Promise<Output>;

/** Types that {@link Checked} takes as they are. */
type Atom = string | number | bigint | boolean | Date | Uint8Array | AsyncIterable<unknown> | null | undefined;

/**
 * An SDK input type as it is after validation: required members, which the SDK types as `T | undefined`, are present at every depth.
 * Optional members keep their `?`.
 */
export type Checked<T> = T extends Atom
  ? T
  : T extends readonly (infer Member)[]
    ? Checked<Member>[]
    : T extends object
      ? { [Name in keyof T]: undefined extends T[Name] ? CheckedMember<T, Name> : Checked<T[Name]> }
      : T;

/** A member that the SDK types as possibly undefined: still so when it is optional, never when it is required. */
type CheckedMember<T, Name extends keyof T> =
  Partial<Pick<T, Name>> extends Pick<T, Name> ? Checked<T[Name]> : Checked<Exclude<T[Name], undefined>>;

/**
 * An SDK output type whose `Payload` is sent as it is produced: each item becomes one HTTP chunk, and the next is asked for
 * only when the socket has taken the last. Ending the iteration ends the response; throwing cuts the connection.
 */
export type Streaming<Output> = Omit<Output, "Payload"> & { readonly Payload: AsyncIterable<Uint8Array> };
