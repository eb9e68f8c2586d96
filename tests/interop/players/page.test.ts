/** The playback page that the server ships, in a browser. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CODED } from "../../support/coded-video.ts";
import { kvass } from "../../support/command-line.ts";
import { makeMedia, pictureAndTone, putMedia } from "../../support/media.ts";
import { Footage, LIVE, STORED } from "./footage.ts";
import { type Observed, PATIENCE_MS, type Screen, Stage } from "./stage.ts";

const WATCH_SECONDS = 4;
const LOOK_EVERY_MS = 100;
/** What the page writes under the picture is this much older or newer than the picture, at most: it is written four times a second. */
const MOMENT_MS = 600;
/** More than players stay behind the newest. */
const ENDED_SECONDS = 6;
/** As many as bring a player that seeks back at the end of a playlist there, and to the end again. */
const RELOADS = 4;

/** Longer than the tests take, on a busy machine too: what is live goes on for as long. */
const FOOTAGE_SECONDS = 120;

const footage = await Footage.open(FOOTAGE_SECONDS);
const { server } = footage.plane;
const stage = await Stage.open();
after(() => stage.close());

/** The link that `kvass play` prints. */
async function linkOf(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await kvass(["play", ...args, "--page", "--data", server.data]);
  assert.equal(status, 0, stderr);
  assert.match(stdout.toString(), /^http:\/\/127\.0\.0\.1:\d+\/play#http:\/\/[^\n]+\n$/);
  return stdout.toString().trim();
}

const textOf = (screen: Screen, id: string): Promise<string> => screen.page.locator(`#${id}`).innerText();

/** Waits until an element of the page says what is expected. */
async function says(screen: Screen, id: string, pattern: RegExp): Promise<string> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const text = await textOf(screen, id);
    if (pattern.test(text)) return text;
    assert.ok(performance.now() < deadline, `#${id} says "${text}", not ${pattern}`);
    await sleep(LOOK_EVERY_MS);
  }
}

/** Holds that the page shows the moment of its picture, and has loaded nothing from elsewhere. */
async function checkScreen(screen: Screen, start: number): Promise<void> {
  await screen.watched(WATCH_SECONDS);
  // At one moment, however late it is asked for.
  const [{ frames }, told] = await screen.page.evaluate<[Observed, string]>(
    '[observed(), document.getElementById("moment").dateTime]',
  );
  const shown = Date.parse(told);
  const seen = start + (frames.at(-1)!.number * 1000) / CODED.rate;
  assert.ok(
    Math.abs(shown - seen) <= MOMENT_MS,
    `${new Date(shown).toISOString()} for ${new Date(seen).toISOString()}`,
  );
  const elsewhere = [...screen.origins].filter((origin) => origin !== server.url && origin !== "null");
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(screen.complaints, []);
}

describe("the page", { concurrency: true }, () => {
  test("plays what is live, and says how far it is behind", async () => {
    const start = await footage.goLive();
    const screen = await stage.visit(await linkOf(LIVE));
    await checkScreen(screen, start);
    await says(screen, "kind", /^Live$/);
    await says(screen, "latency", /^\d+\.\d s behind live$/);
    await screen.close();
  });

  test("comes nearer than two fragments with low latency, and says when the session ends", async () => {
    await footage.goLive();
    const screen = await stage.visit(await linkOf(LIVE, "--low-latency"));
    await says(screen, "latency", /^[0-3]\.\d s behind live$/);
    assert.deepEqual(screen.complaints, []);
    // Five minutes, the least that a session lasts, are too long for a test: the server's answer is put in its place.
    const expired = { status: 403, body: "The session has expired.\n" };
    await screen.page.route("**/hls/v1/**", (route) => route.fulfill(expired));
    await says(screen, "notice", /^The session has expired\. A new URL comes from kvass play/);
    assert.equal(await screen.page.locator("#screen").isVisible(), false);
    assert.equal(await screen.page.locator("#address").isVisible(), true);
    await screen.close();
  });

  test("offers no other session of a stream that was deleted", async () => {
    const screen = await stage.visit(await linkOf(STORED, "--from", "earliest"));
    await says(screen, "kind", /^Replay$/);
    const gone = { status: 410, body: "The stream of the session was deleted.\n" };
    await screen.page.route("**/hls/v1/**", (route) => route.fulfill(gone));
    await says(screen, "notice", /^The stream of the session was deleted\.$/);
    await screen.close();
  });

  test("plays a range, which can be sought", async () => {
    const from = new Date(footage.storedStart + 5500).toISOString();
    const to = new Date(footage.storedStart + 40_000).toISOString();
    const screen = await stage.visit(await linkOf(STORED, "--from", from, "--to", to));
    await checkScreen(screen, footage.storedStart);
    assert.equal(await textOf(screen, "kind"), "Recorded");
    const { frames } = await screen.seek(20, 1);
    assert.ok(Math.abs(frames[0]!.number / CODED.rate - 24) < 1, `frame ${frames[0]!.number} is shown`);
    await screen.close();
  });

  test("plays what is stored at playing speed as a replay", async () => {
    const from = new Date(footage.storedStart + 5500).toISOString();
    const screen = await stage.visit(await linkOf(STORED, "--from", from));
    await checkScreen(screen, footage.storedStart);
    assert.equal(await textOf(screen, "kind"), "Replay");
    await screen.close();
  });

  test("stands still where it has come to the end of what there is, and says so", async () => {
    await footage.plane.create("ended", { DataRetentionInHours: 24 });
    // Sound that outlasts the pictures, as files from the shelf have it.
    const media = await makeMedia(pictureAndTone(ENDED_SECONDS, { toneSeconds: ENDED_SECONDS + 0.5 }));
    await putMedia(server.url, "ended", media, footage.storedStart);
    const screen = await stage.visit(await linkOf("ended", "--from", "earliest"));
    await says(screen, "kind", /^Waiting$/);
    // What it had left is shown by then.
    await screen.page.waitForResponse(/getHLSMediaPlaylist/);
    const shown = await textOf(screen, "moment");
    for (let reload = 0; reload < RELOADS; reload++) {
      await screen.page.waitForResponse(/getHLSMediaPlaylist/);
      const told = await Promise.all(["kind", "latency", "moment"].map((id) => textOf(screen, id)));
      assert.deepEqual(told, ["Waiting", "nothing newer has come", shown]);
    }
    await screen.close();
  });

  test("says why the server refuses a session, and takes another one", async () => {
    const link = await linkOf(STORED, "--from", "earliest", "--to", "now");
    const screen = await stage.visit(link.replace("SessionToken=", "SessionToken=A"));
    await says(screen, "notice", /^The session token is not valid\. A new URL comes from kvass play/);
    await screen.page.fill("#address", link.slice(link.indexOf("#") + 1));
    await screen.page.click("#opener button");
    await says(screen, "kind", /^Recorded$/);
    assert.equal(await screen.page.locator("#notice").isVisible(), false);
    await screen.close();
  });

  test("leaves DASH to other players, and foreign sessions to their own page", async () => {
    const dash = await stage.visit(`${server.url}/play#${server.url}/dash/v1/getDASHManifest.mpd?SessionToken=a`);
    await says(dash, "notice", /this page plays HLS/);
    await dash.close();
    const session = "http://127.0.0.1:1/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=a";
    const foreign = await stage.visit(`${server.url}/play#${session}`);
    await says(foreign, "notice", /^The session is one of http:\/\/127\.0\.0\.1:1\./);
    assert.equal(await foreign.page.locator("#notice a").getAttribute("href"), `http://127.0.0.1:1/play#${session}`);
    await foreign.close();
  });
});
