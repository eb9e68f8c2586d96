import assert from "node:assert/strict";
import { test } from "node:test";
import { isLowLatency, sessionAddress } from "./page/session-address.js";

const PAGE = "https://kvass.example:8400/play";
const SESSION = "https://kvass.example:8400/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=abc~";

test("a session's URL is taken as it is, percent-encoded, or as a path of the server", () => {
  for (const text of [SESSION, encodeURIComponent(SESSION), SESSION.slice("https://kvass.example:8400".length)]) {
    assert.deepEqual(sessionAddress(`#${text}`, PAGE), { url: SESSION });
  }
});

test("nothing is asked for without a fragment", () => {
  for (const hash of ["", "#", "# "]) assert.deepEqual(sessionAddress(hash, PAGE), {});
});

const PROBLEMS: Record<string, [hash: string, problem: RegExp]> = {
  "a DASH session": ["#https://kvass.example:8400/dash/v1/getDASHManifest.mpd?SessionToken=a", /DASH.*plays HLS/],
  "a script": ["#javascript:alert(1)", /begins with http/],
  "no URL": ["#http://", /no URL/],
  "a fragment that is cut within an escape": ["#https%3A%2F%2Fkvass.example%", /no URL/],
};

for (const [name, [hash, problem]] of Object.entries(PROBLEMS)) {
  test(`${name} is a problem that is told`, () => {
    const address = sessionAddress(hash, PAGE);
    assert.match(address.problem ?? "", problem);
    assert.equal(address.url, undefined);
  });
}

test("a session of another server is left to the page of that one", () => {
  const other = SESSION.replace("8400", "8401");
  const address = sessionAddress(`#${other}`, PAGE);
  assert.equal(address.url, undefined);
  assert.equal(address.elsewhere, `https://kvass.example:8401/play#${other}`);
});

test("a session says in its URL whether it is one of low latency", () => {
  assert.equal(isLowLatency(SESSION), false);
  const url = new URL(SESSION);
  url.searchParams.set("LowLatency", "1");
  assert.equal(isLowLatency(url.href), true);
  url.searchParams.set("LowLatency", "0");
  assert.equal(isLowLatency(url.href), false);
});
