const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"];

/** `1.9 MB`; decimal units, as network rates have them. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${BYTE_UNITS[unit]}`;
}

/** `12.3 s`, `4:05`, `1:02:03`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const total = Math.round(milliseconds / 1000);
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** `1 fragment`, `2 fragments`. */
export const count = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? "" : "s"}`;

/** `2026-11-21T12:00:00.000Z`, or a dash where the service gave none. */
export const formatTime = (time: Date | undefined): string => time?.toISOString() ?? "-";

/** `11-21 12:00:00`, for listings that have no room for more. */
export const formatShortTime = (time: Date): string => time.toISOString().slice(5, 19).replace("T", " ");

/** The first of several tables that is no wider than the terminal, else the last; where there is no terminal, the first. */
export function fitting(
  tables: readonly [string, ...string[]],
  terminal: { isTTY?: boolean; columns?: number },
): string {
  if (terminal.isTTY !== true || terminal.columns === undefined) return tables[0];
  const { columns } = terminal;
  const fits = (text: string): boolean => text.split("\n").every((line) => line.length <= columns);
  return tables.find(fits) ?? tables.at(-1)!;
}

/** Lines of a table whose columns are as wide as their widest cell; those of `rightAligned` (by index) end at the same place. */
export function table(rows: readonly (readonly string[])[], rightAligned: readonly number[] = []): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, at) => (rightAligned.includes(at) ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
      .join("  ")
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join("");
}
