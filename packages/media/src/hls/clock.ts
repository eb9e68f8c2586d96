import type { PlaylistOutput } from "./ascii-writer.ts";

const MS_OF_SECOND = 1000;
const MS_OF_MINUTE = 60 * MS_OF_SECOND;
const MS_OF_HOUR = 60 * MS_OF_MINUTE;
const MS_OF_DAY = 24 * MS_OF_HOUR;
/** "2023-05-17T", of each four-digit year. */
const DATE_LENGTH = 11;

/**
 * Writes clock times in the form of ISO 8601 that EXT-X-PROGRAM-DATE-TIME advises (RFC 8216, section 4.3.2.6), such as
 * 2023-05-17T13:48:35.994Z. A playlist has tens of thousands of them, most of one day: the date is made once for each
 * run of times on the same day.
 */
export class ClockWriter {
  #day = Number.NaN;
  #date = "";

  /** Milliseconds since 1970 in UTC, written to the nearest. Throws a `RangeError` outside the years 0 to 9999. */
  write(out: Pick<PlaylistOutput<unknown>, "text" | "digits">, epochMs: number): void {
    const ms = Math.round(epochMs);
    const day = Math.floor(ms / MS_OF_DAY);
    if (day !== this.#day) this.#turn(day);
    const ofDay = ms - day * MS_OF_DAY;
    out.text(this.#date);
    out.digits(Math.floor(ofDay / MS_OF_HOUR), 2);
    out.text(":");
    out.digits(Math.floor(ofDay / MS_OF_MINUTE) % 60, 2);
    out.text(":");
    out.digits(Math.floor(ofDay / MS_OF_SECOND) % 60, 2);
    out.text(".");
    out.digits(ofDay % MS_OF_SECOND, 3);
    out.text("Z");
  }

  #turn(day: number): void {
    const text = new Date(day * MS_OF_DAY).toISOString();
    if (text.length !== "2023-05-17T00:00:00.000Z".length) throw new RangeError(`no clock time: ${text}`);
    this.#date = text.slice(0, DATE_LENGTH);
    this.#day = day;
  }
}
