/** The fraction of each millisecond of a second, so that no duration has to be padded. */
const THOUSANDTHS: readonly string[] = Array.from({ length: 1000 }, (_, ms) => `.${String(ms).padStart(3, "0")}`);

/** Control characters, which no playlist holds (RFC 8216, section 4.1), and the quote, which no quoted string holds. */
const NOT_IN_QUOTES = /["\p{Cc}]/u;
const EACH_NOT_IN_QUOTES = /["\p{Cc}]/gu;
/** URIs have no blanks either (RFC 3986, section 2). */
const NOT_IN_URI = /["\p{Cc} ]/u;

/**
 * A duration in seconds with three decimals (RFC 8216, section 4.2, decimal-floating-point), from milliseconds. Throws
 * a `RangeError` where it is negative or no number.
 */
export function decimalSeconds(ms: number): string {
  const whole = Math.round(ms);
  if (!(whole >= 0 && whole <= Number.MAX_SAFE_INTEGER)) throw new RangeError(`no duration: ${ms} ms`);
  return Math.floor(whole / 1000) + THOUSANDTHS[whole % 1000]!;
}

/** A non-negative whole number (decimal-integer). Throws a `RangeError` for anything else. */
export function decimalInteger(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} is no whole number: ${value}`);
  return value;
}

/** A quoted string (RFC 8216, section 4.2), which has no escapes. Throws a `RangeError` where it cannot say `text`. */
export function quotedString(text: string): string {
  if (NOT_IN_QUOTES.test(text)) throw new RangeError(`no quoted string: ${JSON.stringify(text)}`);
  return `"${text}"`;
}

/** A quoted string of what a person or a producer wrote: characters that none can hold are replaced. */
export function quotedText(text: string): string {
  return `"${text.replace(EACH_NOT_IN_QUOTES, (character) => (character === '"' ? "'" : " "))}"`;
}

/** The URI itself, or a part of one. Throws a `RangeError` where it has blanks, quotes or control characters. */
export function checkedUri(uri: string): string {
  if (NOT_IN_URI.test(uri)) throw new RangeError(`no URI: ${JSON.stringify(uri)}`);
  return uri;
}

/** A URI in quotes; throws as `checkedUri` does, and where it is empty. */
export function quotedUri(uri: string): string {
  if (uri === "") throw new RangeError("an empty URI");
  return `"${checkedUri(uri)}"`;
}
