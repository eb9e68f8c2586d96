import assert from "node:assert/strict";
import { test } from "node:test";
import type { MatroskaTrack } from "@kvass/media";
import { mediaTypeOf } from "./create-stream.ts";

const tracks = (...codecIds: string[]): MatroskaTrack[] => codecIds.map((codecId) => ({ codecId }) as MatroskaTrack);

test("a stream's media type names its codecs, or nothing where one has no name", () => {
  assert.equal(mediaTypeOf(tracks("V_MPEG4/ISO/AVC", "A_AAC")), "video/h264,audio/aac");
  assert.equal(mediaTypeOf(tracks("V_MPEG4/ISO/AVC", "A_TRUEHD")), undefined);
  assert.equal(mediaTypeOf([]), undefined);
});
