import assert from "node:assert/strict";
import { test } from "node:test";
import { mediaPlaylistUri } from "./hls.ts";

test("playlists are where AWS has them, those of low latency with a parameter of their own, and the longest in the token's folder", () => {
  const session = { token: "Ab~" };
  assert.equal(mediaPlaylistUri(session, 2, "query"), "getHLSMediaPlaylist.m3u8?SessionToken=Ab~&TrackNumber=2");
  assert.equal(
    mediaPlaylistUri(session, 1, "low-latency"),
    "getHLSMediaPlaylist.m3u8?SessionToken=Ab~&TrackNumber=1&LowLatency=1",
  );
  assert.equal(mediaPlaylistUri(session, 1, "folder"), "Ab~/getHLSMediaPlaylist.m3u8?TrackNumber=1");
});
