const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/** `256 MiB`, `1.5 GiB`: in the units that limits are given in, with at most one decimal. */
export function binarySize(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Math.round(value * 10) / 10} ${UNITS[unit]}`;
}
