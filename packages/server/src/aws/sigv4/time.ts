const AMZ_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/**
 * Reads ISO-8601's basic format, `YYYYMMDD'T'HHMMSS'Z'`.
 * @returns milliseconds since the epoch, or undefined where the text has another form or names no moment (month 13, hour 24)
 */
export function parseAmzDate(text: string): number | undefined {
  const match = AMZ_DATE.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  return formatAmzDate(time) === text ? time : undefined;
}

/** Writes milliseconds since the epoch as `YYYYMMDD'T'HHMMSS'Z'`; fractions of a second are cut. */
export function formatAmzDate(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
}
