import { MatroskaError } from "./error.ts";
import { ID } from "./ids.ts";
import { type ElementSlice, floatOf, stringOf, uintOf, visitChildren } from "./master.ts";
import type { MatroskaHeader } from "./model.ts";

/** What Info says of its Segment. */
export type SegmentInfo = Pick<MatroskaHeader, "timecodeScaleNs" | "duration" | "title" | "muxingApp" | "writingApp">;

/** What holds for a Segment without Info: ticks of one millisecond (RFC 9559, section 5.1.2.9). */
export const DEFAULT_INFO: Readonly<SegmentInfo> = Object.freeze({
  timecodeScaleNs: 1_000_000,
  duration: undefined,
  title: undefined,
  muxingApp: undefined,
  writingApp: undefined,
});

/** Reads an Info element (RFC 9559, section 5.1.2). */
export function parseInfo(element: ElementSlice): SegmentInfo {
  const info: SegmentInfo = { ...DEFAULT_INFO };
  visitChildren(element, (child) => {
    if (child.id === ID.TimestampScale) info.timecodeScaleNs = uintOf(child);
    else if (child.id === ID.Duration) info.duration = floatOf(child);
    else if (child.id === ID.Title) info.title = stringOf(child);
    else if (child.id === ID.MuxingApp) info.muxingApp = stringOf(child);
    else if (child.id === ID.WritingApp) info.writingApp = stringOf(child);
  });
  if (info.timecodeScaleNs === 0) {
    throw new MatroskaError("invalid-value", "TimestampScale", element.base, "more than 0 nanoseconds a tick");
  }
  return info;
}
