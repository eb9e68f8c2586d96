import { CodecError, describeTrack, type MatroskaTrack } from "@kvass/media";

/** A warning for each track whose codec has no mapping: it is stored and comes back as it is, but no player and no clip gets it. */
export function unplayableTracks(tracks: readonly MatroskaTrack[]): string[] {
  return tracks
    .filter(hasNoMapping)
    .map(
      ({ number, codecId }) =>
        `track ${number} is ${codecId}: it is stored, and kvass get saves it, but play, clip and image have no mapping for it`,
    );
}

/** Set-up data that is missing in a track may come with its frames. */
function hasNoMapping(track: MatroskaTrack): boolean {
  try {
    describeTrack(track);
    return false;
  } catch (error) {
    if (error instanceof CodecError) return error.code === "unsupported";
    throw error;
  }
}
