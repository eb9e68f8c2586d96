const AMZ_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/**
 * Reads ISO-8601's basic format, `YYYYMMDD'T'HHMMSS'Z'`.
 * @returns milliseconds since the epoch, or undefined where the text has another form or names no moment (month 13, hour 24)
 */
export function parseAmzDate(text: string): number | undefined {
  const match = AMZ_DATE.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number) as Fields;
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(time);
  // Numbers beyond their range would have moved into the next month, day, hour or minute.
  const exact = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour;
  return exact && minute < 60 && second < 60 ? time : undefined;
}

type Fields = [all: number, year: number, month: number, day: number, hour: number, minute: number, second: number];

/** Writes milliseconds since the epoch as `YYYYMMDD'T'HHMMSS'Z'`; fractions of a second are cut. */
export function formatAmzDate(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
}
