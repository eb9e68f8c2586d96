import type { GetHLSStreamingSessionURLInput } from "@aws-sdk/client-kinesis-video-archived-media";
import type { Checked } from "../../../aws/handler.ts";
import type { SessionRequest } from "../../../domain/playback/parameters.ts";
import type { PlaybackSessions } from "../../../domain/playback/sessions.ts";
import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { callerOf } from "../../caller.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoArchivedMediaHandlers } from "../service.ts";
import { clockOf, MODES, rangeOf } from "./session-request.ts";

const CONTAINERS = { FRAGMENTED_MP4: "fmp4", MPEG_TS: "ts" } as const;
const DISCONTINUITIES = { ALWAYS: "always", NEVER: "never", ON_DISCONTINUITY: "on-discontinuity" } as const;

/** GetHLSStreamingSessionURL: begins a session, and names it by a URL on the server as this client reaches it. */
export function getHLSStreamingSessionURL(
  streams: StreamRegistry,
  sessions: PlaybackSessions,
): KinesisVideoArchivedMediaHandlers["GetHLSStreamingSessionURL"] {
  return async (input, context) => {
    const stream = await streams.find(referenceIn(input));
    const token = await sessions.create(stream, requestIn(input), callerOf(context));
    return { HLSStreamingSessionURL: `${context.baseUrl}/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=${token}` };
  };
}

function requestIn(input: Checked<GetHLSStreamingSessionURLInput>): SessionRequest {
  const { HLSFragmentSelector: selector } = input;
  return {
    protocol: "hls",
    mode: input.PlaybackMode && MODES[input.PlaybackMode],
    container: input.ContainerFormat && CONTAINERS[input.ContainerFormat],
    selector: selector && { clock: clockOf(selector.FragmentSelectorType), range: rangeOf(selector.TimestampRange) },
    discontinuities: input.DiscontinuityMode && DISCONTINUITIES[input.DiscontinuityMode],
    showTimestamps: input.DisplayFragmentTimestamp === "ALWAYS",
    maxSegments: input.MaxMediaPlaylistFragmentResults,
    expiresSeconds: input.Expires,
  };
}
