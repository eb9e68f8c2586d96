import type { Clips } from "../../../domain/clips/clips.ts";
import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoArchivedMediaHandlers } from "../service.ts";

/** GetClip: the fragments of a range as one MP4 file, sent while it is made. */
export function getClip(streams: StreamRegistry, clips: Clips): KinesisVideoArchivedMediaHandlers["GetClip"] {
  return async (input, { signal }) => {
    const stream = await streams.find(referenceIn(input));
    const { FragmentSelectorType, TimestampRange } = input.ClipFragmentSelector;
    const range = {
      clock:
        FragmentSelectorType === "SERVER_TIMESTAMP" ? ("serverTimestamp" as const) : ("producerTimestamp" as const),
      from: TimestampRange.StartTimestamp.getTime(),
      to: TimestampRange.EndTimestamp.getTime(),
    };
    return { ContentType: "video/mp4", Payload: await clips.make(stream, range, signal) };
  };
}
