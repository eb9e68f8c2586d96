/** What a producer sends changes within a session: players go on. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ControlPlane } from "../../conformance/support/control-plane.ts";
import { Player } from "../../conformance/support/playback.ts";
import { CODED, codedVideo } from "../../support/coded-video.ts";
import { damageFragment } from "../../support/damage.ts";
import { makeMedia, putMedia } from "../../support/media.ts";
import { type Observed, type PlayerName, Stage } from "./stage.ts";

const START = Date.now() - 3_600_000;
/** Seconds of each of the pieces that a recording is made of, two fragments. */
const PIECE = 4;
const FRAGMENT = CODED.gop / CODED.rate;
/** A busy browser leaves out pictures, but not so many. */
const LONGEST_STEP = 1;

const plane = await ControlPlane.start();
const player = new Player(plane.server);
let stage: Stage;

/** Coded video with a tone of that many samples a second. */
const withTone = (rate: number): Promise<Buffer> =>
  makeMedia([
    ...codedVideo(PIECE).map((argument) => argument.replace("sample_rate=48000", `sample_rate=${rate}`)),
    ...["-t", String(PIECE)],
  ]);

/** The tone alone. */
const tone = (): Promise<Buffer> =>
  makeMedia([
    ...["-f", "lavfi", "-i", `sine=frequency=440:sample_rate=48000:duration=${PIECE}`],
    ...["-c:a", "aac", "-b:a", "96k", "-cluster_time_limit", "2000"],
  ]);

/** Sends pieces that follow one another. */
async function record(stream: string, pieces: readonly Buffer[]): Promise<void> {
  await plane.create(stream, { DataRetentionInHours: 24 });
  for (const [index, piece] of pieces.entries()) {
    await putMedia(plane.server.url, stream, piece, START + index * PIECE * 1000);
  }
}

before(async () => {
  stage = await Stage.open();
  const [usual, other] = await Promise.all([withTone(48_000), withTone(44_100)]);
  await record("other-sound", [usual, other, usual]);
  for (const [index, mode] of ["ON_DEMAND", "LIVE_REPLAY"].entries()) {
    await record(`damaged-${mode}`, [usual, usual, usual]);
    damageFragment(plane.server.data, 2 + index, 3);
  }
  await record("without-pictures", [usual, await tone(), usual]);
});
after(() => stage.close());

function selectorOf(pieces: number) {
  const TimestampRange = {
    StartTimestamp: new Date(START - 1000),
    EndTimestamp: new Date(START + pieces * PIECE * 1000),
  };
  return { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange } as const;
}

/** Plays up to a place, wherever the player begins before it; returns what is seen. Rejects where playback stops. */
async function play(name: PlayerName, begin: () => Promise<string>, until: number): Promise<Observed> {
  const screen = await stage.play(name, begin);
  const { frames } = await screen.watched(0);
  const observed = await screen.watched(until - frames[0]!.time);
  await screen.close();
  assert.ok(observed.audioBytes > 0);
  return observed;
}

describe("the sound changes in a replay", () => {
  test("dash.js goes on into the third period once the first one has left the manifest", async () => {
    const begin = () =>
      player.dash({
        StreamName: "other-sound",
        PlaybackMode: "LIVE_REPLAY",
        DASHFragmentSelector: selectorOf(3),
        MaxManifestFragmentResults: 3,
      });
    const { frames, holes } = await play("dash.js", begin, 2 * PIECE + 1);
    assert.deepEqual(holes, []);
    const steps = frames.slice(1).map(({ time }, index) => time - frames[index]!.time);
    assert.ok(Math.max(...steps) < LONGEST_STEP, `left out ${Math.max(...steps)} s`);
  });
});

describe("a fragment is damaged", { concurrency: true }, () => {
  for (const PlaybackMode of ["ON_DEMAND", "LIVE_REPLAY"] as const) {
    test(`Shaka Player jumps over a damaged fragment with DASH, ${PlaybackMode}`, async () => {
      const session = { StreamName: `damaged-${PlaybackMode}`, PlaybackMode, DASHFragmentSelector: selectorOf(3) };
      const { frames } = await play("Shaka Player", () => player.dash(session), 2 * PIECE + 1);
      const steps = frames.slice(1).map(({ time }, index) => time - frames[index]!.time);
      assert.ok(Math.max(...steps) > FRAGMENT / 2, "the damaged fragment is shown");
    });
  }
});

describe("pictures leave for a while", { concurrency: true }, () => {
  for (const [name, protocol] of [
    ["hls.js", "HLS"],
    ["Shaka Player", "HLS"],
    ["Shaka Player", "DASH"],
    ["dash.js", "DASH"],
  ] as const) {
    test(`${name} shows a picture while sound alone is sent, and goes on with those behind it, ${protocol}`, async () => {
      const session = { StreamName: "without-pictures", PlaybackMode: "ON_DEMAND" } as const;
      const selector = selectorOf(3);
      const begin = () =>
        protocol === "HLS"
          ? player.hls({ ...session, HLSFragmentSelector: selector, DiscontinuityMode: "ON_DISCONTINUITY" })
          : player.dash({ ...session, DASHFragmentSelector: selector });
      const { frames } = await play(name, begin, 2 * PIECE + 1);
      const meanwhile = frames.filter(({ time }) => time > PIECE + 0.5 && time < 2 * PIECE - 0.5);
      assert.ok(meanwhile.length > 0 && meanwhile.every(({ number }) => number === 0), JSON.stringify(meanwhile));
      assert.ok(frames.at(-1)!.number > 0);
    });
  }
});
