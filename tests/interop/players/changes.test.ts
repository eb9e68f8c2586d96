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
  await record("damaged", [usual, usual, usual]);
  damageFragment(plane.server.data, 2, 3);
});
after(() => stage.close());

function selectorOf(pieces: number) {
  const TimestampRange = {
    StartTimestamp: new Date(START - 1000),
    EndTimestamp: new Date(START + pieces * PIECE * 1000),
  };
  return { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange } as const;
}

/** Plays so many seconds; returns what is seen. */
async function play(name: PlayerName, url: string, seconds: number): Promise<Observed> {
  const screen = await stage.play(name, url);
  const observed = await screen.watched(seconds);
  await screen.close();
  assert.ok(observed.audioBytes > 0);
  return observed;
}

/** The same where none is left out; returns the numbers of the pictures. */
async function watch(name: PlayerName, url: string, seconds: number): Promise<number[]> {
  const { frames, holes } = await play(name, url, seconds);
  assert.deepEqual(holes, []);
  const steps = frames.slice(1).map(({ time }, index) => time - frames[index]!.time);
  assert.ok(Math.max(...steps) < LONGEST_STEP, `left out ${Math.max(...steps)} s`);
  return frames.map(({ number }) => number);
}

describe("changes within a session", { concurrency: true }, () => {
  test("dash.js goes on into the third period of a replay whose first one has left the manifest", async () => {
    const url = await player.dash({
      StreamName: "other-sound",
      PlaybackMode: "LIVE_REPLAY",
      DASHFragmentSelector: selectorOf(3),
      MaxManifestFragmentResults: 3,
    });
    const numbers = await watch("dash.js", url, 2 * PIECE + 1.5);
    const begins = numbers.filter((number, index) => number < (numbers[index - 1] ?? Number.POSITIVE_INFINITY));
    assert.equal(begins.length, 3);
    assert.ok(numbers.at(-1)! > CODED.rate);
  });

  for (const PlaybackMode of ["ON_DEMAND", "LIVE_REPLAY"] as const) {
    for (const name of ["Shaka Player", "dash.js"] as const) {
      test(`${name} jumps over a damaged fragment, ${PlaybackMode}`, async () => {
        const url = await player.dash({ StreamName: "damaged", PlaybackMode, DASHFragmentSelector: selectorOf(3) });
        const { frames } = await play(name, url, 2 * PIECE + 1);
        assert.equal(frames.filter(({ number }, index) => number < (frames[index - 1]?.number ?? 0)).length, 2);
      });
    }
  }
});
