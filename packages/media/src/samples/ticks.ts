const MICROSECONDS = 1_000_000;

/** Microseconds as ticks of a clock of `timescale` a second, to the nearest. Exact while both stay below 2^53. */
export function ticksOf(microseconds: number, timescale: number): number {
  // By whole seconds first: the product of a time of day in microseconds and a sample rate would exceed 2^53.
  const seconds = Math.floor(microseconds / MICROSECONDS);
  return seconds * timescale + Math.round(((microseconds - seconds * MICROSECONDS) * timescale) / MICROSECONDS);
}
