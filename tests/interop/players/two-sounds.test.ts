/** Pictures with two sounds: hls.js plays them with either, also where MPEG-TS has the first one beside the picture and the second by itself. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ControlPlane } from "../../conformance/support/control-plane.ts";
import { Player } from "../../conformance/support/playback.ts";
import { codedVideo } from "../../support/coded-video.ts";
import { makeMedia, putMedia } from "../../support/media.ts";
import { PAGES_AT_ONCE, Stage } from "./stage.ts";

const START = Date.now() - 3_600_000;
const SECONDS = 10;
const WATCHED = 5;

const plane = await ControlPlane.start();
const player = new Player(plane.server);
let stage: Stage;

before(async () => {
  const args = codedVideo(SECONDS);
  const inputs = args.lastIndexOf("-i") + 2;
  const second = ["-f", "lavfi", "-i", `sine=frequency=880:sample_rate=48000:duration=${SECONDS}`];
  const maps = ["-map", "0", "-map", "1", "-map", "2", "-metadata:s:a:0", "language=eng"];
  const both = [...args.slice(0, inputs), ...second, ...maps, "-metadata:s:a:1", "language=ger", ...args.slice(inputs)];
  await plane.create("two", { DataRetentionInHours: 24 });
  await putMedia(plane.server.url, "two", await makeMedia(both), START);
  stage = await Stage.open();
});
after(() => stage.close());

const TimestampRange = { StartTimestamp: new Date(START - 1000), EndTimestamp: new Date(START + 60_000) };

describe("two sounds", { concurrency: PAGES_AT_ONCE }, () => {
  for (const ContainerFormat of ["FRAGMENTED_MP4", "MPEG_TS"] as const) {
    for (const lang of ["en", "de"]) {
      test(`${ContainerFormat}, ${lang}`, async () => {
        const begin = () =>
          player.hls({
            StreamName: "two",
            PlaybackMode: "ON_DEMAND",
            ContainerFormat,
            HLSFragmentSelector: { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange },
          });
        const screen = await stage.play("hls.js", begin, { audioPreference: { lang } });
        const { audioBytes, errors, stalls } = await screen.watched(WATCHED);
        await screen.close();
        assert.deepEqual([errors, stalls], [[], []]);
        assert.ok(audioBytes > 0);
      });
    }
  }
});
