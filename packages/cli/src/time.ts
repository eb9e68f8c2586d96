import { CliError, USAGE } from "./errors.ts";

/** A moment that the command line names: milliseconds since the epoch, or the start of what is stored. */
export type Moment = number | "earliest";

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const RELATIVE = /^([+-])((?:\d+(?:\.\d+)?(?:ms|[smhd]))+)$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|[smhd])/g;
const ISO = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;
/** Plain numbers of this many digits are milliseconds, as `date +%s%3N` prints them; shorter ones are seconds. */
const MILLISECOND_DIGITS = 13;

/** What {@link parseTime} takes, for help texts. */
export const TIME_FORMS = "ISO 8601, seconds since the epoch, -10m, now";

/** What {@link parseMoment} takes, for help texts. */
export const MOMENT_FORMS = `${TIME_FORMS}, earliest`;

/**
 * Reads `now`, `earliest`, `-1h30m` or `+20s` from now, ISO 8601 (without a zone: local time), or seconds or milliseconds since the
 * epoch. Throws {@link CliError} for anything else; `what` names the option in its message.
 */
export function parseMoment(text: string, what: string, now: number = Date.now()): Moment {
  return text === "earliest" ? "earliest" : timeOf(text, { what, now, forms: MOMENT_FORMS });
}

/** The same without `earliest`: the end of a range, or when a recording began. */
export function parseTime(text: string, what: string, now: number = Date.now()): number {
  if (text === "earliest") throw new CliError(`${what}: expected a time, not earliest`, { exitCode: USAGE });
  return timeOf(text, { what, now, forms: TIME_FORMS });
}

function timeOf(text: string, { what, now, forms }: { what: string; now: number; forms: string }): number {
  if (text === "now") return now;
  const relative = RELATIVE.exec(text);
  if (relative !== null) return now + (relative[1] === "-" ? -1 : 1) * duration(relative[2]!);
  if (/^\d{1,16}(\.\d+)?$/.test(text)) {
    const [whole] = text.split(".");
    return whole!.length >= MILLISECOND_DIGITS ? Number(text) : Math.round(Number(text) * 1000);
  }
  // A date alone is a day of one's own calendar, not of UTC's as ECMAScript has it.
  const parsed =
    ISO.test(text) && isDay(text.slice(0, 10))
      ? Date.parse(text.length === 10 ? `${text}T00:00` : text.replace(" ", "T"))
      : Number.NaN;
  if (Number.isNaN(parsed)) throw new CliError(`${what}: expected ${forms}; got "${text}"`, { exitCode: USAGE });
  return parsed;
}

/** Whether a date is in the calendar: of February 30 V8 makes March 2. */
function isDay(date: string): boolean {
  const parsed = Date.parse(date);
  return !Number.isNaN(parsed) && new Date(parsed).toISOString().startsWith(date);
}

/** What a timer of Node can wait for is 2^31 ms, not quite 25 days. */
const MAX_AHEAD_DAYS = 24;

/** Refuses what would have to be waited for too long. Throws {@link CliError}; `what` names the option in its message. */
export function checkAhead(moment: Moment, what: string, now: number): void {
  if (moment === "earliest" || moment - now <= MAX_AHEAD_DAYS * UNITS.d!) return;
  throw new CliError(`${what}: lies more than ${MAX_AHEAD_DAYS} days ahead`, { exitCode: USAGE });
}

/** Holds the end of a range against its begin. Throws {@link CliError} where it lies before `from`: a slip of the hand. */
export function checkedEnd(from: Moment, to: number): number {
  if (from !== "earliest" && to < from) throw new CliError("--to lies before --from", { exitCode: USAGE });
  return to;
}

/** Reads `500ms`, `10s`, `1m30s`: milliseconds. Throws {@link CliError} for anything else; `what` names the option in its message. */
export function parseDuration(text: string, what: string): number {
  if (RELATIVE.test(`+${text}`)) return duration(text);
  throw new CliError(`${what}: expected a duration, as 500ms, 10s or 1m30s; got "${text}"`, { exitCode: USAGE });
}

function duration(text: string): number {
  let total = 0;
  for (const [, amount, unit] of text.matchAll(DURATION_PART)) total += Number(amount) * UNITS[unit!]!;
  return total;
}
