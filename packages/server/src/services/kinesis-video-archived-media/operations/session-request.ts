import type { SessionRequest } from "../../../domain/playback/parameters.ts";

type Selector = NonNullable<SessionRequest["selector"]>;

/** HLSPlaybackMode and DASHPlaybackMode. */
export const MODES = { LIVE: "live", LIVE_REPLAY: "live-replay", ON_DEMAND: "on-demand" } as const;

/** HLSFragmentSelectorType and DASHFragmentSelectorType. */
export function clockOf(type: "PRODUCER_TIMESTAMP" | "SERVER_TIMESTAMP" | undefined): Selector["clock"] {
  if (type === undefined) return undefined;
  return type === "SERVER_TIMESTAMP" ? "serverTimestamp" : "producerTimestamp";
}

/** HLSTimestampRange and DASHTimestampRange. */
export function rangeOf(
  range: { StartTimestamp?: Date | undefined; EndTimestamp?: Date | undefined } | undefined,
): Selector["range"] {
  return range && { from: range.StartTimestamp?.getTime(), to: range.EndTimestamp?.getTime() };
}
