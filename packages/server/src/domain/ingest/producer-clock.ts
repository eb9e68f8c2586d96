import { IngestError } from "./ingest-error.ts";

/** How a session's Cluster timecodes relate to the epoch (AWS docs, "PutMedia", x-amzn-fragment-timecode-type). */
export interface ProducerClock {
  readonly type: "ABSOLUTE" | "RELATIVE";
  /** Milliseconds since the epoch that a RELATIVE timecode of 0 stands for; ABSOLUTE timecodes do not use it. */
  readonly start: number;
}

/**
 * When a fragment began on the producer's clock, in whole milliseconds since the epoch. Only the Cluster's timecode counts.
 * Computed without loss: ticks may be as short as a nanosecond, and their count beyond what a number holds.
 * @throws IngestError INVALID_PRODUCER_TIMESTAMP where that is before the epoch or beyond what a number holds exactly
 */
export function producerTimestamp(clock: ProducerClock, timecode: number | bigint, timecodeScaleNs: number): number {
  const offset = Number((BigInt(timecode) * BigInt(timecodeScaleNs)) / 1_000_000n);
  const time = Math.floor(clock.type === "ABSOLUTE" ? offset : clock.start + offset);
  if (!Number.isSafeInteger(time) || time < 0) {
    throw new IngestError("INVALID_PRODUCER_TIMESTAMP", `Cluster timecode ${timecode} stands for no moment after 1970`);
  }
  return time;
}
