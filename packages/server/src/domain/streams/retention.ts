import type { StreamRecord } from "../../storage/ports/stream-catalog.ts";
import { DomainError } from "../errors.ts";

/** Ten years, the longest that Kinesis Video Streams keeps data (AWS docs, "UpdateDataRetention"). */
export const MAX_RETENTION_HOURS = 87_600;
const HOUR_MS = 3_600_000;
/** The horizon of a stream that keeps nothing: later than any fragment. */
const NOTHING_KEPT = Number.MAX_SAFE_INTEGER;

type Retained = Pick<StreamRecord, "retentionHours" | "horizon">;

/** Throws DomainError `invalid-argument` unless `hours` is a whole number from 0 to 87,600. */
export function checkRetentionHours(hours: number): void {
  if (Number.isInteger(hours) && hours >= 0 && hours <= MAX_RETENTION_HOURS) return;
  throw new DomainError(
    "invalid-argument",
    `The data retention period must be between 0 and ${MAX_RETENTION_HOURS} hours; it would be ${hours}.`,
  );
}

/**
 * The moment (ms since the epoch) before which a stream's fragments are gone. With retention 0 nothing is archived, and the
 * horizon lies after every fragment.
 */
export function retentionHorizon({ retentionHours, horizon }: Retained, now: number): number {
  return retentionHours === 0 ? NOTHING_KEPT : Math.max(horizon, now - retentionHours * HOUR_MS);
}

/**
 * The moment before which a stream's fragments may be removed, read from its record at `now`. Unlike `retentionHorizon` it stays right
 * however retention changes after that, so that a sweep which takes its time cannot remove what a later increase has kept: nothing is
 * archived while retention is 0, so there only the stored horizon counts.
 */
export function sweepHorizon(record: Retained, now: number): number {
  return record.retentionHours === 0 ? record.horizon : retentionHorizon(record, now);
}

/**
 * The horizon to store when retention becomes `hours` at `now`. What the shorter of the two periods has let go stays gone,
 * so that an increase cannot bring back what had expired but was not swept yet. With 0 that is everything up to and including `now`;
 * from 0 on there is nothing further to let go.
 */
export function horizonAfterChange({ retentionHours, horizon }: Retained, hours: number, now: number): number {
  if (retentionHours === 0) return horizon;
  return Math.max(horizon, hours === 0 ? now + 1 : now - Math.min(retentionHours, hours) * HOUR_MS);
}
