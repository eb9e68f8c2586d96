import { DomainError } from "../domain/errors.ts";
import { KeyedRate } from "../domain/keyed-rate.ts";
import { parseStreamArn } from "../domain/streams/arn.ts";
import { TokenBucket } from "../domain/token-bucket.ts";

/** How many calls of one operation may begin in a second; beyond it they are refused. Infinity for no bound. */
export interface CallRate {
  /** On all resources together. */
  readonly account: number;
  /** On one stream. */
  readonly stream: number;
}

/** The rates of a service's operations by name; what it leaves out is not bounded. */
export type CallRates = Readonly<Record<string, CallRate>>;

type Input = Readonly<Record<string, unknown>>;
type Handler = (input: Input, context: unknown) => Promise<unknown>;

/** The same handlers, each within its rate. A call beyond it rejects with DomainError `client-limit` before anything is looked up. */
export function withinRates<Handlers extends object>(handlers: Handlers, rateOf: (operation: string) => CallRate) {
  const entries = Object.entries(handlers).map(([operation, handler]: [string, Handler]) => [
    operation,
    withinRate(operation, handler, rateOf(operation)),
  ]);
  return Object.fromEntries(entries) as Handlers;
}

function withinRate(operation: string, handler: Handler, rate: CallRate): Handler {
  if (Math.min(rate.account, rate.stream) === Number.POSITIVE_INFINITY) return handler;
  const account = new TokenBucket(rate.account, Date.now());
  // A name that no stream has counts too: it is forgotten a second later.
  const streams = new KeyedRate<string>(rate.stream);
  return async (input, context) => {
    const now = Date.now();
    const name = streamNameIn(input);
    // First, so that whoever hammers one stream uses up nothing of the others' rate.
    if (name !== undefined && !streams.tryTake(name, now)) throw tooMany(operation, rate.stream, " on the stream");
    if (!account.tryTake(now)) throw tooMany(operation, rate.account, "");
    return handler(input, context);
  };
}

function streamNameIn({ StreamName, StreamARN, ResourceARN }: Input): string | undefined {
  if (typeof StreamName === "string") return StreamName;
  const arn = StreamARN ?? ResourceARN;
  return typeof arn === "string" ? parseStreamArn(arn)?.name : undefined;
}

function tooMany(operation: string, perSecond: number, where: string): DomainError {
  return new DomainError("client-limit", `More than ${perSecond} ${operation} calls a second${where}.`);
}
