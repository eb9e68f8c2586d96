import type { Logger } from "pino";
import type { DomainEvents, Tell } from "../domain/events/events.ts";

/** How severe a line is. */
type Level = "debug" | "info" | "warn";

const LEVELS: { readonly [Name in keyof DomainEvents]: Level } = {
  "stream created": "info",
  "stream deleted": "info",
  "data retention changed": "info",
  "producer connected": "info",
  "producer ended": "info",
  "a track is silent for a fragment": "warn",
  "readers lost media": "warn",
  "a table of frames is damaged, its fragment is read instead; kvass fsck names all such": "warn",
};

/** Longest text in an event, in characters: as much as an ERROR acknowledgement tells a producer. */
const MAX_TEXT = 400;
/** What a terminal or a reader of the log could take for anything but text, which JSON alone does not escape; names and ids have none of it. */
const UNPRINTABLE = /[^\x20-\x7e]/g;

/** Writes what the domain tells to the log, a line for each event. */
export function tellTo(log: Logger): Tell {
  return (name, fields) => {
    const level = LEVELS[name];
    if (log.isLevelEnabled(level)) log[level](bounded(fields), name);
  };
}

/** The same fields with texts that fit in a line: some are a client's. */
function bounded(fields: object): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === "string" ? value.slice(0, MAX_TEXT).replaceAll(UNPRINTABLE, "?") : value,
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}
