/** Sound that begins before the pictures: players play it from its first moment on, with the first picture, and each other picture at its time. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ControlPlane } from "../../conformance/support/control-plane.ts";
import { Player } from "../../conformance/support/playback.ts";
import { CODED, codedVideo } from "../../support/coded-video.ts";
import { makeMedia, putMedia } from "../../support/media.ts";
import { type PlayerName, Stage } from "./stage.ts";

const STREAM = "early-sound";
const START = Date.now() - 3_600_000;
const SECONDS = 12;
/** When the pictures begin. */
const PICTURES_FROM = 3;
/** Watched from the beginning on, into the pictures. */
const WATCHED = 5;
/** A busy browser shows its first frame late, but not by so much. */
const LATEST_BEGINNING = 1.5;
/** Players' time begins with AAC's priming, or with the time at which the first picture is decoded: so much, in seconds, before the media's. */
const LONGEST_PRIMING = 0.12;
/** A frame, and what a player rounds. */
const TOLERANCE = 1.5 / CODED.rate;
/** Where a browser is busy, a picture that follows may be there already when one looks for the pixels of the one that was told. */
const LATE_SHARE = 0.05;

const plane = await ControlPlane.start();
const player = new Player(plane.server);
let stage: Stage;

before(async () => {
  const late = ["-itsoffset", String(PICTURES_FROM), ...codedVideo(SECONDS), "-t", String(SECONDS)];
  await plane.create(STREAM, { DataRetentionInHours: 24 });
  await putMedia(plane.server.url, STREAM, await makeMedia(late), START);
  stage = await Stage.open();
});
after(() => stage.close());

const RANGE = { StartTimestamp: new Date(START - 1000), EndTimestamp: new Date(START + 60_000) };
const SELECTOR = { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange: RANGE } as const;
const SESSION = { StreamName: STREAM, PlaybackMode: "ON_DEMAND" } as const;

const hls = (ContainerFormat: "FRAGMENTED_MP4" | "MPEG_TS"): Promise<string> =>
  player.hls({ ...SESSION, ContainerFormat, HLSFragmentSelector: SELECTOR });
const dash = (): Promise<string> => player.dash({ ...SESSION, DASHFragmentSelector: SELECTOR });

describe("sound comes before the pictures", { concurrency: true }, () => {
  for (const [name, form, open] of [
    ["hls.js", "fragmented MP4", () => hls("FRAGMENTED_MP4")],
    ["hls.js", "MPEG-TS", () => hls("MPEG_TS")],
    ["Shaka Player", "DASH", dash],
    ["dash.js", "DASH", dash],
  ] as [PlayerName, string, () => Promise<string>][]) {
    test(`${name}, ${form}`, async () => {
      const screen = await stage.play(name, open);
      const { frames, holes, audioBytes } = await screen.watched(WATCHED);
      await screen.close();
      assert.ok(frames[0]!.time < LATEST_BEGINNING, `began at ${frames[0]!.time}`);
      assert.equal(frames[0]!.number, 0);
      assert.deepEqual(holes, []);
      assert.ok(audioBytes > 0);
      const others = frames.filter(({ number }) => number > 0);
      const late = others.map(({ number, time }) => time - PICTURES_FROM - number / CODED.rate);
      const middle = late.toSorted((a, b) => a - b)[Math.floor(late.length / 2)]!;
      assert.ok(middle >= 0 && middle < LONGEST_PRIMING, `${middle} s late`);
      const wrong = late.filter((each) => Math.abs(each - middle) > TOLERANCE);
      assert.ok(wrong.length <= late.length * LATE_SHARE, `${middle} s late, but for ${wrong}`);
    });
  }
});
