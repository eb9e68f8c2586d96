import type { GetDASHStreamingSessionURLInput } from "@aws-sdk/client-kinesis-video-archived-media";
import type { Checked } from "../../../aws/handler.ts";
import type { SessionRequest } from "../../../domain/playback/parameters.ts";
import type { PlaybackSessions } from "../../../domain/playback/sessions.ts";
import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { callerOf } from "../../caller.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoArchivedMediaHandlers } from "../service.ts";
import { clockOf, MODES, rangeOf } from "./session-request.ts";

/** GetDASHStreamingSessionURL: begins a session, and names it by a URL on the server as this client reaches it. */
export function getDASHStreamingSessionURL(
  streams: StreamRegistry,
  sessions: PlaybackSessions,
): KinesisVideoArchivedMediaHandlers["GetDASHStreamingSessionURL"] {
  return async (input, context) => {
    const stream = await streams.find(referenceIn(input));
    const token = await sessions.create(stream, requestIn(input), callerOf(context));
    return { DASHStreamingSessionURL: `${context.baseUrl}/dash/v1/getDASHManifest.mpd?SessionToken=${token}` };
  };
}

function requestIn(input: Checked<GetDASHStreamingSessionURLInput>): SessionRequest {
  const { DASHFragmentSelector: selector } = input;
  return {
    protocol: "dash",
    mode: input.PlaybackMode && MODES[input.PlaybackMode],
    selector: selector && { clock: clockOf(selector.FragmentSelectorType), range: rangeOf(selector.TimestampRange) },
    showTimestamps: input.DisplayFragmentTimestamp === "ALWAYS",
    showNumbers: input.DisplayFragmentNumber === "ALWAYS",
    maxSegments: input.MaxManifestFragmentResults,
    expiresSeconds: input.Expires,
  };
}
