import { CreateStreamCommand, ResourceInUseException } from "@aws-sdk/client-kinesis-video";
import { type Connection, controlPlane } from "@kvass/client";
import type { MatroskaTrack } from "@kvass/media";

/** Media types that Kinesis Video Streams names (AWS docs, "CreateStream", MediaType) by Matroska codec. */
const MEDIA_TYPES: Record<string, string> = {
  "V_MPEG4/ISO/AVC": "video/h264",
  "V_MPEGH/ISO/HEVC": "video/h265",
  V_VP8: "video/vp8",
  V_VP9: "video/vp9",
  V_AV1: "video/av1",
  A_AAC: "audio/aac",
  A_OPUS: "audio/opus",
};

/** `video/h264,audio/aac`; undefined where a track has no such name. */
export function mediaTypeOf(tracks: readonly MatroskaTrack[]): string | undefined {
  const types = tracks.map(({ codecId }) => MEDIA_TYPES[codecId]);
  return types.length > 0 && types.every((type) => type !== undefined) ? types.join(",") : undefined;
}

/** Creates the stream; true where it did, false where there was one. Rejects with the exceptions of CreateStream. */
export async function createStream(
  connection: Connection,
  streamName: string,
  retentionHours: number,
  tracks: readonly MatroskaTrack[] = [],
): Promise<boolean> {
  const client = controlPlane(connection);
  const mediaType = mediaTypeOf(tracks);
  try {
    await client.send(
      new CreateStreamCommand({
        StreamName: streamName,
        DataRetentionInHours: retentionHours,
        ...(mediaType !== undefined && { MediaType: mediaType }),
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ResourceInUseException) return false;
    throw error;
  } finally {
    client.destroy();
  }
}
