/** Low-latency HLS over HTTP: a producer that sends in real time, and what a player does with the playlists. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { decodeComplaints, makeMedia, pictureAndTone } from "../support/media.ts";
import { RealTimeProducer } from "../support/real-time.ts";
import { ControlPlane } from "./support/control-plane.ts";
import { mediaPlaylistOf, Player, statusAt, textAt, urisIn } from "./support/playback.ts";

const plane = await ControlPlane.start();
const { url } = plane.server;
const player = new Player(plane.server);
const SECONDS = 12;
const media = await makeMedia(pictureAndTone(SECONDS, { reorder: 2 }));
await plane.create("live", { DataRetentionInHours: 24 });
const producer = new RealTimeProducer(url, "live", media);
await producer.sendUntil(1500);
const sending = producer.sendUntil(SECONDS * 1000);
after(async () => {
  producer.socket.destroy();
  await sending;
});

const selector = { FragmentSelectorType: "PRODUCER_TIMESTAMP" } as const;
const session = await player.hls({ StreamName: "live", HLSFragmentSelector: selector });
const lowLatency = `${session}&LowLatency=1`;
const [sound, picture] = urisIn(await textAt(lowLatency), lowLatency) as [string, string];

/** What a playlist hints at: its URL, and where it is. */
function hintIn(text: string): { uri: string; segment: string; part: string } {
  const hint = /#EXT-X-PRELOAD-HINT:TYPE=PART,URI="([^"]*SequenceNumber=(\d+)&Part=(\d+)[^"]*)"/.exec(text)!;
  return { uri: new URL(hint[1]!, picture).href, segment: hint[2]!, part: hint[3]! };
}

const withQuery = (target: string, query: Record<string, string>): URL => {
  const result = new URL(target);
  for (const [name, value] of Object.entries(query)) result.searchParams.set(name, value);
  return result;
};

async function bytesAt(target: string): Promise<Buffer> {
  const response = await fetch(target);
  assert.equal(response.status, 200);
  return Buffer.from(await response.arrayBuffer());
}

/** The bytes of a file's mdat boxes, joined, and the first base decode time. */
function contentOf(file: Buffer): { frames: Buffer; time: bigint } {
  const frames: Buffer[] = [];
  for (let at = 0; at < file.length; at += file.readUInt32BE(at)) {
    if (file.toString("latin1", at + 4, at + 8) === "mdat")
      frames.push(file.subarray(at + 8, at + file.readUInt32BE(at)));
  }
  return { frames: Buffer.concat(frames), time: file.readBigUInt64BE(file.indexOf("tfdt") + 8) };
}

test("the session's playlists carry low latency to each other; without the parameter they are as ever", async () => {
  assert.match(picture, /TrackNumber=1&LowLatency=1$/);
  assert.match(sound, /TrackNumber=2&LowLatency=1$/);
  const text = await textAt(sound);
  assert.match(text, /#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1\.500,CAN-SKIP-UNTIL=/);
  assert.match(text, /#EXT-X-RENDITION-REPORT:URI="[^"]*TrackNumber=1&LowLatency=1",LAST-MSN=\d+/);
  assert.doesNotMatch(await textAt(mediaPlaylistOf(session)), /PART|SERVER-CONTROL|PROGRAM-DATE-TIME/);
});

test("parts come while their fragment arrives, and are what the whole segment is", async () => {
  let text = await textAt(picture);
  const parts = new Map<string, Buffer>();
  const first = Number(hintIn(text).segment) + 1;
  let { uri, segment, part } = hintIn(text);
  while (Number(segment) <= first) {
    // As players do: the playlist and the part that it hints at, both before there is any.
    const [reloaded, bytes] = await Promise.all([
      textAt(withQuery(picture, { _HLS_msn: segment, _HLS_part: part })),
      bytesAt(uri),
    ]);
    assert.ok(reloaded.includes(`SequenceNumber=${segment}&Part=${part}`));
    parts.set(`${segment}/${part}`, bytes);
    text = reloaded;
    ({ uri, segment, part } = hintIn(text));
  }
  const listed = await textAt(withQuery(picture, { _HLS_msn: String(first) }));
  // Of parts that come at once, as the last ones of a fragment may, only the first was hinted at.
  const uris = listed.match(new RegExp(`(?<=#EXT-X-PART:.*URI=")[^"]*SequenceNumber=${first}&Part=\\d+[^"]*`, "g"))!;
  const known = (place: number): Buffer | undefined => parts.get(`${first}/${place}`);
  assert.ok(uris.length > 1 && known(0) !== undefined);
  const all = uris.map((path, place) => known(place) ?? bytesAt(new URL(path, picture).href));
  const joined = Buffer.concat(await Promise.all(all));
  const after = listed.slice(listed.indexOf(`SequenceNumber=${first}&Part=0`));
  const whole = await bytesAt(new URL(/^getMP4MediaFragment.*$/m.exec(after)![0], picture).href);
  const [ofParts, ofWhole] = [contentOf(joined), contentOf(whole)];
  assert.equal(ofParts.time, ofWhole.time);
  assert.ok(ofParts.frames.equals(ofWhole.frames));
});

test("a part is for caches as long as the session lasts; a playlist that was waited for, for a while", async () => {
  const text = await textAt(picture);
  const { segment, part } = hintIn(text);
  const held = await fetch(withQuery(picture, { _HLS_msn: segment, _HLS_part: part }));
  assert.equal(held.headers.get("cache-control"), "public, max-age=6");
  const [uri] = /(?<=#EXT-X-PART:.*URI=")[^"]*/.exec(await held.text())!;
  const response = await fetch(new URL(uri, picture));
  assert.match(response.headers.get("cache-control")!, /^public, max-age=\d+, immutable$/);
  assert.equal(response.headers.get("content-type"), "video/mp4");
  assert.equal(
    (await fetch(new URL(uri, picture), { method: "HEAD" })).headers.get("etag"),
    response.headers.get("etag"),
  );
  assert.equal(await statusAt(new URL(uri, picture), { headers: { Range: "bytes=0-9" } }), 206);
});

test("requests that nothing can answer are refused at once", async () => {
  assert.equal(await statusAt(withQuery(picture, { _HLS_part: "0" })), 400);
  assert.equal(await statusAt(withQuery(picture, { _HLS_msn: "1000" })), 400);
  assert.equal(await statusAt(withQuery(picture, { _HLS_msn: "one" })), 400);
  assert.equal(await statusAt(withQuery(picture, { LowLatency: "yes" })), 400);
  const { uri, segment } = hintIn(await textAt(picture));
  assert.equal(await statusAt(withQuery(uri, { SequenceNumber: String(Number(segment) + 2) })), 404);
  assert.equal(await statusAt(withQuery(uri, { TrackNumber: "3" })), 404);
  const transport = await player.hls({ StreamName: "live", ContainerFormat: "MPEG_TS", HLSFragmentSelector: selector });
  assert.equal(await statusAt(`${transport}&LowLatency=1`), 400);
});

/** What ffmpeg 5.1 says of the initialization section of any live playlist, those that it writes too: it reads it again with each reload. */
const READ_AGAIN = /^\[mov,.*\] Found duplicated MOOV Atom\. Skipped it\n/gm;

test("ffmpeg plays a low-latency playlist as it does any live one, and has no more to say", async () => {
  assert.equal((await decodeComplaints(lowLatency, ["-t", "3"])).replaceAll(READ_AGAIN, ""), "");
});
