/** `kvass play`: the sessions that it begins, and the players that it opens. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ControlPlane } from "../conformance/support/control-plane.ts";
import { mediaPlaylistOf, textAt } from "../conformance/support/playback.ts";
import { type Ended, startKvass } from "../support/command-line.ts";
import { makeMedia, pictureAndTone, putMedia } from "../support/media.ts";

const STREAM = "porch";
const plane = await ControlPlane.start();
const { server } = plane;
const start = Date.now() - 600_000;
await plane.create(STREAM, { DataRetentionInHours: 24 });
await plane.create("quiet", { DataRetentionInHours: 24 });
await plane.create("forgetful", { DataRetentionInHours: 0 });
await putMedia(server.url, STREAM, await makeMedia(pictureAndTone(8)), start);

/** Where players are looked for; empty at first. */
const programs = mkdtempSync(join(tmpdir(), "kvass-programs-"));
after(() => rmSync(programs, { recursive: true }));

const play = (...args: string[]): Promise<Ended> =>
  startKvass(["play", ...args, "--data", server.data], undefined, { environment: { PATH: programs } }).ended;

/** The one line that the command prints. */
async function printed(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await play(...args);
  assert.equal(status, 0, stderr);
  assert.match(stdout.toString(), /^\S+\n$/);
  return stdout.toString().trim();
}

const iso = (seconds: number): string => new Date(start + seconds * 1000).toISOString();
const rangeOf = (from: number, to: number): string[] => ["--from", iso(from), "--to", iso(to)];

test("a range is played from the fragment on that it begins in", async () => {
  const url = await printed(STREAM, ...rangeOf(2.5, 5.5));
  assert.ok(url.startsWith(`${server.url}/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=`), url);
  const playlist = await textAt(mediaPlaylistOf(url));
  assert.match(playlist, /#EXT-X-PLAYLIST-TYPE:VOD\n[\s\S]*#EXT-X-ENDLIST\n$/);
  const [first] = /(?<=#EXT-X-PROGRAM-DATE-TIME:).*/.exec(playlist) ?? [];
  const begins = (Date.parse(first ?? "") - start) / 1000;
  assert.ok(begins > 1.5 && begins <= 2.5, `begins at ${begins} s`);
  assert.equal([...playlist.matchAll(/#EXTINF/g)].length, 4);
  assert.doesNotMatch(playlist, /DISCONTINUITY/);
});

test("--ts and --dash choose another packaging", async () => {
  const transport = await printed(STREAM, "--ts", ...rangeOf(0, 5));
  assert.match(await textAt(mediaPlaylistOf(transport)), /getTSFragment\.ts/);
  const dash = await printed(STREAM, "--dash", ...rangeOf(0, 5));
  assert.match(await textAt(dash), /<MPD .*type="static"/);
});

test("--from alone is a replay, which moves on", async () => {
  const url = await printed(STREAM, "--from", "earliest");
  assert.doesNotMatch(await textAt(mediaPlaylistOf(url)), /PLAYLIST-TYPE|ENDLIST/);
});

test("--page prints the link of the server's page", async () => {
  const link = await printed(STREAM, "--page", ...rangeOf(0, 5));
  const [page, session] = link.split("#");
  assert.equal(page, `${server.url}/play`);
  assert.match(await textAt(page!), /<video/);
  assert.match(await textAt(session!), /^#EXTM3U/);
});

const REFUSED: Record<string, [args: string[], line: string]> = {
  "a stream that nobody sends to": [["quiet"], "quiet holds no media yet: a fragment counts once it has ended"],
  "a stream that keeps nothing": [
    ["forgetful"],
    "forgetful cannot be played: sessions play what is stored, also of what arrives, and its retention is 0 h (NoDataRetention); kvass retain forgetful 1 keeps an hour, kvass get forgetful --from now -o - | ffplay - shows what arrives",
  ],
  "no such stream": [["attic"], "ResourceNotFoundException: there is no stream attic"],
  "a player that is not installed": [
    [STREAM, "--from", "earliest", "--player", "vlc"],
    "vlc is not installed; on Debian: apt-get install vlc",
  ],
};

/** All at once, since one of them is waited for. */
const refused = Object.entries(REFUSED).map(([name, [args, line]]) => ({ name, line, ended: play(...args) }));

for (const { name, line, ended } of refused) {
  test(`${name} is told in one line`, async () => {
    const { status, stderr } = await ended;
    assert.deepEqual([status, stderr], [1, `kvass: ${line}\n`]);
  });
}

test("a range without media is told, and where there is some", async () => {
  const { status, stderr } = await play(STREAM, "--from", "-5m", "--to", "-4m");
  assert.equal(status, 1);
  assert.match(stderr, /^kvass: \S+ holds no media there; what it holds lies between \S+Z and \S+Z\n$/);
});

/** A program that notes its arguments and ends with `status`. */
function install(name: string, status: number): void {
  const path = join(programs, name);
  writeFileSync(path, `#!/bin/sh\necho "$@" > ${join(programs, `${name}.arguments`)}\nexit ${status}\n`);
  chmodSync(path, 0o755);
}

test("a player is opened with the URL that is printed", async () => {
  install("mpv", 0);
  const url = await printed(STREAM, "--player", "mpv", ...rangeOf(0, 5));
  assert.equal(readFileSync(join(programs, "mpv.arguments"), "utf8"), `-- ${url}\n`);
});

test("a player that fails fails the command", async () => {
  install("ffplay", 3);
  const { status, stderr } = await play(STREAM, "--player", "ffplay", ...rangeOf(0, 5));
  assert.deepEqual([status, stderr], [1, "kvass: ffplay ended with 3\n"]);
});
