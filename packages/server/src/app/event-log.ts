import type { Logger } from "pino";
import type { Refusal } from "../aws/pipeline.ts";
import type { DomainEvents, Tell } from "../domain/events/events.ts";
import { Repeats } from "./repeats.ts";

/** All that is told to the log, by the words that it has for it. */
export interface Events extends DomainEvents {
  /** A request was not let in: its signature does not hold, or its playback token, or its caller may not do that. */
  "request refused": Omit<Refusal, "reason"> & { readonly reason: Refusal["reason"] | "unknown playback token" };
}

/** How an event is written. */
interface Rule<Field extends string = string> {
  readonly level: "debug" | "info" | "warn";
  /** Where anybody can make it happen as often as they like: by which fields it counts as the same again. */
  readonly sameBy?: readonly Field[];
}

/** The level of each event, and of which there may be floods. docs/reference/log.md says what they mean. */
export const RULES: { readonly [Name in keyof Events]: Rule<keyof Events[Name] & string> } = {
  "stream created": { level: "info" },
  "stream deleted": { level: "info" },
  "data retention changed": { level: "info" },
  "producer connected": { level: "info" },
  "producer ended": { level: "info" },
  // Producers that are refused come back at once, for days.
  "producer refused": { level: "warn", sameBy: ["stream", "reason", "remoteAddress"] },
  "playback session created": { level: "debug" },
  "retention sweep": { level: "info" },
  "archive takes no data": { level: "warn" },
  "archive takes data again": { level: "info" },
  "worker lost": { level: "warn" },
  "worker restarted": { level: "info" },
  // Media that ends a decoder does so whenever it is asked for.
  "decoder lost": { level: "warn", sameBy: ["codec"] },
  "request refused": { level: "warn", sameBy: ["reason", "accessKeyId", "remoteAddress"] },
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
  readonly #repeats = new Map<keyof Events, Repeats<object>>();

  constructor(log: Logger) {
    this.#log = log;
  }

  readonly tell: Tell = (name, fields) => this.#write(name, fields);

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
    const { level, sameBy }: Rule = RULES[name];
    if (!this.#log.isLevelEnabled(level)) return;
    if (sameBy === undefined) this.#log[level](bounded(fields), name);
    else this.#repeatsOf(name).note(kindOf(fields, sameBy), fields);
  }

  #repeatsOf(name: keyof Events): Repeats<object> {
    let repeats = this.#repeats.get(name);
    if (repeats === undefined) {
      const { level } = RULES[name];
      repeats = new Repeats((fields = {}, repetition) => this.#log[level]({ ...bounded(fields), ...repetition }, name));
      this.#repeats.set(name, repeats);
    }
    return repeats;
  }
}

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
