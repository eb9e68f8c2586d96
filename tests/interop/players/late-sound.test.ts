/** Sound that begins after the pictures: players show these all the same, from the first one on, though they play only what all tracks have. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ControlPlane } from "../../conformance/support/control-plane.ts";
import { Player } from "../../conformance/support/playback.ts";
import { codedVideo } from "../../support/coded-video.ts";
import { makeMedia, putMedia } from "../../support/media.ts";
import { type PlayerName, Stage } from "./stage.ts";

const STREAM = "late-sound";
const START = Date.now() - 3_600_000;
const SECONDS = 12;
/** When the sound begins, in the third fragment. */
const SOUND_FROM = 5.3;
/** Watched from the beginning on, into the sound. */
const WATCHED = 7;
/** A busy browser leaves out pictures, but not those of five seconds. */
const LONGEST_STEP = 2;

const plane = await ControlPlane.start();
const player = new Player(plane.server);
let stage: Stage;

before(async () => {
  const args = codedVideo(SECONDS);
  const sound = args.indexOf("-i") + 2;
  const late = [...args.slice(0, sound), "-itsoffset", String(SOUND_FROM), ...args.slice(sound), "-t", String(SECONDS)];
  await plane.create(STREAM, { DataRetentionInHours: 24 });
  await putMedia(plane.server.url, STREAM, await makeMedia(late), START);
  stage = await Stage.open();
});
after(() => stage.close());

const RANGE = { StartTimestamp: new Date(START - 1000), EndTimestamp: new Date(START + 60_000) };
const SESSION = {
  StreamName: STREAM,
  PlaybackMode: "ON_DEMAND",
  selector: { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange: RANGE },
} as const;

function sessionUrl(protocol: "hls" | "dash"): Promise<string> {
  const { selector, ...session } = SESSION;
  return protocol === "hls"
    ? player.hls({ ...session, HLSFragmentSelector: selector })
    : player.dash({ ...session, DASHFragmentSelector: selector });
}

describe("pictures come before the sound", { concurrency: true }, () => {
  for (const [name, protocol] of [
    ["hls.js", "hls"],
    ["Shaka Player", "dash"],
    ["dash.js", "dash"],
  ] as [PlayerName, "hls" | "dash"][]) {
    test(name, async () => {
      const screen = await stage.play(name, () => sessionUrl(protocol));
      const { frames, audioBytes } = await screen.watched(WATCHED);
      await screen.close();
      assert.ok(frames[0]!.time < LONGEST_STEP, `began at ${frames[0]!.time}`);
      const steps = frames.slice(1).map(({ time }, index) => time - frames[index]!.time);
      assert.ok(Math.max(...steps) < LONGEST_STEP, `left out ${Math.max(...steps)} s`);
      assert.ok(audioBytes > 0);
    });
  }
});
