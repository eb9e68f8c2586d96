import type { FragmentClock } from "../../storage/ports/fragment-index.ts";
import { DomainError } from "../errors.ts";

/** Which fragments a clip is made of: those that start in [from, to] on one of their two clocks. Milliseconds since the epoch. */
export interface ClipRange {
  readonly clock: FragmentClock;
  readonly from: number;
  readonly to: number;
}

/** What the moment of the request and its stream contribute. */
export interface RangeContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds since the epoch before which the stream's fragments are gone. */
  readonly horizon: number;
  readonly beginsBeforeHorizon: boolean;
}

/** Longest range (AWS docs, "ClipTimestampRange"). */
const MAX_RANGE_MS = 24 * 3_600_000;
const START = "ClipFragmentSelector.TimestampRange.StartTimestamp";
const END = "ClipFragmentSelector.TimestampRange.EndTimestamp";

/**
 * Holds a range against the rules of the API (AWS docs, "ClipTimestampRange").
 * @throws DomainError `invalid-argument`, with the member named
 */
export function checkRange({ clock, from, to }: ClipRange, { now, horizon, beginsBeforeHorizon }: RangeContext): void {
  if (to <= from) throw invalid(`${END} must be later than StartTimestamp.`);
  if (to - from > MAX_RANGE_MS) throw invalid(`${END} must be within 24 hours of StartTimestamp.`);
  if (clock !== "serverTimestamp") return;
  if (to > now) throw invalid(`${END} must be in the past where FragmentSelectorType is SERVER_TIMESTAMP.`);
  if (from < horizon && !beginsBeforeHorizon) throw invalid(`${START} lies before the stream's retention period.`);
}

const invalid = (message: string): DomainError => new DomainError("invalid-argument", message);
