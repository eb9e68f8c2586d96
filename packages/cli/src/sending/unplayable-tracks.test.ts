import assert from "node:assert/strict";
import { test } from "node:test";
import type { MatroskaTrack } from "@kvass/media";
import { unplayableTracks } from "./unplayable-tracks.ts";

const track = (number: number, codecId: string): MatroskaTrack => ({ number, codecId }) as MatroskaTrack;

test("tracks without a mapping are named, those whose set-up may yet come with their frames are not", () => {
  const warnings = unplayableTracks([track(1, "V_MPEG4/ISO/ASP"), track(2, "V_MPEG4/ISO/AVC"), track(3, "A_VORBIS")]);
  assert.deepEqual(
    warnings.map((warning) => warning.split(":")[0]),
    ["track 1 is V_MPEG4/ISO/ASP", "track 3 is A_VORBIS"],
  );
});
