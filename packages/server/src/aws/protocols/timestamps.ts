/** Longest text that is looked at as a timestamp: an ISO-8601 date-time with nanoseconds and offset has 35 characters. */
const MAX_TIMESTAMP_LENGTH = 64;
/** ISO-8601 with a time zone (RFC 3339): what `Date.parse` reads the same way everywhere. */
const ISO_8601 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;
/** Plain or exponent decimal: C producers write `1795254695.7`, Java prints `1.795254695E9`. */
const DECIMAL = /^[+-]?\d{1,20}(?:\.\d{0,20})?(?:[eE][+-]?\d{1,2})?$/;
/** IMF-fixdate of RFC 9110, section 5.6.7. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/**
 * A timestamp from JSON: seconds since the epoch as a number, or an ISO-8601 string.
 * @returns undefined where the value is neither, or beyond what a Date can hold (8.64e15 ms)
 */
export function timestampFromJson(value: unknown): Date | undefined {
  if (typeof value === "number") return fromSeconds(value);
  if (typeof value !== "string" || value.length > MAX_TIMESTAMP_LENGTH || !ISO_8601.test(value)) return undefined;
  return valid(new Date(value));
}

/**
 * A timestamp from a header, query parameter or label: decimal seconds since the epoch, ISO-8601, or an HTTP date.
 * @returns undefined where the text is none of these
 */
export function timestampFromText(text: string): Date | undefined {
  if (text.length > MAX_TIMESTAMP_LENGTH) return undefined;
  if (DECIMAL.test(text)) return fromSeconds(Number(text));
  return ISO_8601.test(text) || HTTP_DATE.test(text) ? valid(new Date(text)) : undefined;
}

/** Seconds since the epoch with at most three decimals: what AWS writes and SDKs expect in JSON. */
export function timestampToSeconds(date: Date): number {
  return date.getTime() / 1000;
}

function fromSeconds(seconds: number): Date | undefined {
  return valid(new Date(Math.round(seconds * 1000)));
}

function valid(date: Date): Date | undefined {
  return Number.isNaN(date.getTime()) ? undefined : date;
}
