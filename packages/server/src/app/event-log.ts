import type { Logger } from "pino";
import type { Refusal } from "../aws/pipeline.ts";
import type { DomainEvents, Tell } from "../domain/events/events.ts";
import { type RepeatBounds, Repeats, type TellOnce } from "./repeats.ts";

/** All that is told to the log, by the words that it has for it. */
export interface Events extends DomainEvents {
  /** A request was not let in: its signature does not hold, or its playback token, or its caller may not do that. */
  "request refused": Omit<Refusal, "reason"> & { readonly reason: Refusal["reason"] | "unknown playback token" };
}

/** What goes wrong in the server itself, by the words that the log has for it. */
type Failure = "failure" | "internal failure" | "answer cut";

/** How an event is written. */
interface Rule<Field extends string = string> {
  readonly level: "debug" | "info" | "warn";
  /** Where somebody could make it happen without end: how much of it is written, and by which fields it counts as the same again. */
  readonly flood?: RepeatBounds & { readonly sameBy: readonly Field[] };
}

/** What anybody can do, also with ever new names: some 200 lines a minute at the most. */
const BY_ANYBODY: RepeatBounds = { atOnce: 1, kinds: 100 };
/** What those do who may: only one that comes back all the time is not written each time. There may be as many kinds as streams in use. */
const BY_PRODUCERS: RepeatBounds = { atOnce: 20, kinds: 10_000 };

/** What fails for everybody who asks, as a device does; whoever saw one in a client should find it by its request's id. */
const BY_FAILURE: RepeatBounds = { atOnce: 20, kinds: 100 };

/** The level of each event, and of which there may be floods. docs/reference/log.md says what they mean. */
export const RULES: { readonly [Name in keyof Events]: Rule<keyof Events[Name] & string> } = {
  "stream created": { level: "info" },
  "stream deleted": { level: "info" },
  "data retention changed": { level: "info" },
  "producer connected": { level: "info", flood: { ...BY_PRODUCERS, sameBy: ["stream"] } },
  "producer ended": { level: "info", flood: { ...BY_PRODUCERS, sameBy: ["stream"] } },
  // Producers that are refused come back at once, for days.
  "producer refused": { level: "warn", flood: { ...BY_ANYBODY, sameBy: ["stream", "reason", "remoteAddress"] } },
  "playback session created": { level: "debug" },
  "retention sweep": { level: "info" },
  "archive takes no data": { level: "warn" },
  "archive takes data again": { level: "info" },
  "worker lost": { level: "warn" },
  "worker restarted": { level: "info" },
  // Media that ends a decoder does so whenever it is asked for.
  "decoder lost": { level: "warn", flood: { ...BY_ANYBODY, sameBy: ["codec"] } },
  "request refused": { level: "warn", flood: { ...BY_ANYBODY, sameBy: ["reason", "accessKeyId", "remoteAddress"] } },
  "a track is silent for a fragment": { level: "warn" },
  "readers lost media": { level: "warn" },
  "a table of frames is damaged, its fragment is read instead; kvass fsck names all such": { level: "warn" },
};

/** Longest text in an event, in characters: as much as an ERROR acknowledgement tells a producer. */
const MAX_TEXT = 400;
/** What a terminal or a reader of the log could take for anything but text, which JSON alone does not escape; names and ids have none of it. */
const UNPRINTABLE = /[^\x20-\x7e]/g;

/** Longest access key id that is written whole: what is longer may be a secret key, of 40 characters, in the place of its id, which has 20. */
const MAX_KEY_ID = 32;

/** Writes what happens to the log: a line for each event, or, where it may be a flood, the first and then how many more. */
export class EventLog {
  readonly #log: Logger;
  readonly #repeats = new Map<keyof Events | Failure, Repeats<object>>();

  constructor(log: Logger) {
    this.#log = log;
  }

  readonly tell: Tell = (name, fields) => this.#write(name, fields);

  /** Tells of a failure that is the server's own. A device that fails does so for everybody who writes to it. */
  readonly report = (error: unknown): void => {
    this.#repeatsOf("failure", "error", BY_ANYBODY).note(textOf(error), { err: error });
  };

  /** Tells of a request that was answered with a failure of the server's own. */
  readonly failed = (err: unknown, request: { readonly requestId: string; readonly operation: string }): void => {
    const kind = `${request.operation}: ${textOf(err)}`;
    this.#repeatsOf("internal failure", "error", BY_FAILURE).note(kind, { err, ...request });
  };

  /** Tells of an answer that broke off behind its headers. */
  readonly cut = (err: unknown, requestId: string): void => {
    this.#repeatsOf("answer cut", "warn", BY_FAILURE).note(textOf(err), { err, requestId });
  };

  readonly refused = (refusal: Events["request refused"]): void => {
    const { accessKeyId = "" } = refusal;
    const isKeyId = accessKeyId.length <= MAX_KEY_ID;
    this.#write("request refused", isKeyId ? refusal : { ...refusal, accessKeyId: `${accessKeyId.slice(0, 4)}...` });
  };

  /** Writes what is only counted yet. */
  close(): void {
    for (const repeats of this.#repeats.values()) repeats.close();
  }

  #write(name: keyof Events, fields: object): void {
    const { level, flood }: Rule = RULES[name];
    if (!this.#log.isLevelEnabled(level)) return;
    if (flood === undefined) this.#log[level](bounded(fields), name);
    else this.#repeatsOf(name, level, flood).note(kindOf(fields, flood.sameBy), fields);
  }

  #repeatsOf(name: keyof Events | Failure, level: Rule["level"] | "error", bounds: RepeatBounds): Repeats<object> {
    let repeats = this.#repeats.get(name);
    if (repeats === undefined) {
      const tell: TellOnce<object> = (fields = {}, repetition) =>
        this.#log[level]({ ...bounded(fields), ...repetition }, name);
      repeats = new Repeats(tell, bounds);
      this.#repeats.set(name, repeats);
    }
    return repeats;
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

/** What tells events apart that are counted each by itself. */
function kindOf(fields: object, sameBy: readonly string[]): string {
  return JSON.stringify(sameBy.map((name) => (fields as Readonly<Record<string, unknown>>)[name]));
}

/** The same fields with texts that fit in a line: some are a client's. */
function bounded(fields: object): object {
  const entries = Object.entries(fields).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === "string" ? value.slice(0, MAX_TEXT).replaceAll(UNPRINTABLE, "?") : value,
  ]);
  return Object.fromEntries(entries) as object;
}
