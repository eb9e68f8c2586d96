/**
 * What players in a browser show of streaming sessions: every frame says its own number, so that what is seen can be held against what was
 * asked for, and playback must not stop once it has begun. `KVASS_PLAYER_SECONDS` makes it longer.
 */
import assert from "node:assert/strict";
import { after, before, describe, type TestContext, test } from "node:test";
import type { GetHLSStreamingSessionURLInput } from "@aws-sdk/client-kinesis-video-archived-media";
import { CODED } from "../../support/coded-video.ts";
import { Footage, LIVE, STORED } from "./footage.ts";
import { type Observed, type PlayerName, type Screen, Stage } from "./stage.ts";

/** How long each session is watched. */
const SECONDS = Number(process.env.KVASS_PLAYER_SECONDS ?? 8);
/** Watched again behind a seek. */
const SEEK_SECONDS = 2;
/** The stored range begins so many seconds into the video, and playback with the next key frame. */
const ASKED = 5.5;
const BEGIN = 6;
/** Live sessions that are watched one behind the other while the video is sent. */
const WATCHED_BEHIND_ANOTHER = 3;
/** The video lasts so many seconds longer than one watches, for players that stay behind and begin late. */
const MARGIN = 40;
/** Fragments in what moves on: enough to go back a little. */
const WINDOW = 10;
/** Seconds of the fragments in the window, and one that is on its way. */
const LIVE_BEHIND = 22;
/** The three fragments that players stay behind, at least, where they know of whole ones alone. */
const LOW_LATENCY_BEHIND = 6;
/** A frame, and what a player rounds. */
const TOLERANCE = 1.5 / CODED.rate;
/**
 * Fragments begin with the sound that was sent before their first picture, and so do the times of sessions and playlists: players say of the
 * first picture that it is as early.
 */
const SOUND_BEFORE = 0.15;
/** Players keep moments by the segment, and reckon from one to the next while they change over. */
const MOMENT = 0.25;
/** Where a browser is busy, a picture that follows may be there already when one looks for the pixels of the one that was told. */
const LATE_SHARE = 0.05;
/** A busy browser may show nothing of the first pictures. */
const FIRST_PICTURE = 0.5;

interface Way {
  readonly player: PlayerName;
  readonly protocol: "hls" | "dash";
  /** Whether the player stays so near to the newest that it waits where the machine is busy, by a fault of its own. */
  readonly halts?: boolean;
  /** Settings of the player. */
  readonly options?: object;
  readonly session?: Pick<GetHLSStreamingSessionURLInput, "ContainerFormat" | "DiscontinuityMode">;
}

const CONTINUOUS = { DiscontinuityMode: "ON_DISCONTINUITY" } as const;
const WAYS: Readonly<Record<string, Way>> = {
  "hls.js": { player: "hls.js", protocol: "hls", session: CONTINUOUS },
  "hls.js with MPEG-TS": { player: "hls.js", protocol: "hls", session: { ...CONTINUOUS, ContainerFormat: "MPEG_TS" } },
  "Shaka Player with HLS": { player: "Shaka Player", protocol: "hls", session: CONTINUOUS },
  "Shaka Player with DASH": { player: "Shaka Player", protocol: "dash" },
  "dash.js": { player: "dash.js", protocol: "dash" },
};

const LOW_LATENCY_WAYS: Readonly<Record<string, Way>> = {
  "hls.js with low latency": {
    player: "hls.js",
    protocol: "hls",
    session: CONTINUOUS,
  },
  // It looks for parts twice a second instead of waiting for them, and keeps a tenth of a second of media in hand.
  "Shaka Player with low latency": { player: "Shaka Player", protocol: "hls", session: CONTINUOUS, halts: true },
};

const footage = await Footage.open(WATCHED_BEHIND_ANOTHER * SECONDS + MARGIN);
const { client, storedStart } = footage;
const stage = await Stage.open();
after(() => stage.close());

/** Seconds behind the beginning of a moving window in which a place is not yet gone when the seek arrives. */
const WINDOW_MARGIN = 2.5;

interface Asked {
  readonly StreamName: string;
  readonly PlaybackMode: "LIVE" | "LIVE_REPLAY" | "ON_DEMAND";
}

function sessionUrl({ protocol, session }: Way, asked: Asked, range?: { from: Date; to: Date | undefined }) {
  const span = range && { StartTimestamp: range.from, EndTimestamp: range.to };
  const selector = { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange: span } as const;
  const common = { ...asked, DisplayFragmentTimestamp: "ALWAYS" } as const;
  const window = asked.PlaybackMode === "ON_DEMAND" ? undefined : WINDOW;
  if (protocol === "dash") {
    return client.dash({ ...common, DASHFragmentSelector: selector, MaxManifestFragmentResults: window });
  }
  const own = { ...session, MaxMediaPlaylistFragmentResults: window };
  return client.hls({ ...common, ...own, HLSFragmentSelector: selector });
}

/** Seconds into the video that a frame is of, by its number. */
const placeOf = ({ number }: Observed["frames"][number]): number => number / CODED.rate;

/** Holds that playback went on without a halt, and what {@link checkPictures} does. */
function checkPlayed(observed: Observed): number {
  assert.deepEqual(observed.stalls, []);
  return checkPictures(observed);
}

/** Holds that there is sound, and that every picture is the one of its time. Returns where time 0 lies in the video. */
function checkPictures({ frames, audioBytes }: Observed): number {
  assert.ok(audioBytes > 0, "nothing is heard");
  const origins = frames.map((frame) => placeOf(frame) - frame.time);
  const middle = origins.toSorted((a, b) => a - b)[Math.floor(origins.length / 2)]!;
  const wrong = frames.filter((_, index) => Math.abs(origins[index]! - middle) > TOLERANCE);
  assert.ok(wrong.length <= frames.length * LATE_SHARE, `not ${middle} s later: ${JSON.stringify(wrong)}`);
  return middle;
}

/** Holds that the player, where it knows, says of each picture when it was recorded. */
function checkMoments({ frames }: Observed, start: number): void {
  const told = frames.filter(({ moment }) => moment !== null);
  const offsets = told.map((frame) => (frame.moment! - start) / 1000 - placeOf(frame));
  const wrong = offsets.filter((offset) => Math.abs(offset) > MOMENT);
  assert.ok(wrong.length <= told.length * LATE_SHARE, `moments are wrong by ${wrong.join(", ")} s`);
}

const near = (actual: number, expected: number, tolerance = TOLERANCE): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} for ${expected}`);

/** A place to go back to. The window moves on meanwhile, and players seek to what is left of it. */
const backwards = ({ time, seekable: [from] }: Observed): number => Math.max(time - 3, from + WINDOW_MARGIN);

/** Plays a session to the end of a test. */
async function onStage(way: Way, url: string, use: (screen: Screen) => Promise<void>): Promise<void> {
  const screen = await stage.play(way.player, url, way.options);
  try {
    await use(screen);
  } finally {
    await screen.close();
  }
}

/** A browser on a busy machine may halt or be late through no fault of the server: what fails once must hold at a second try. */
const twice =
  (body: (context: TestContext) => Promise<void>) =>
  async (context: TestContext): Promise<void> => {
    try {
      await body(context);
    } catch (error) {
      context.diagnostic(`tried again after: ${error}`);
      await body(context);
    }
  };

const momentAt = (seconds: number): Date => new Date(storedStart + seconds * 1000);

describe("on demand", { concurrency: true }, () => {
  for (const [name, way] of Object.entries(WAYS)) {
    test(
      name,
      twice(async () => {
        const range = { from: momentAt(ASKED), to: momentAt(footage.seconds) };
        const url = await sessionUrl(way, { StreamName: STORED, PlaybackMode: "ON_DEMAND" }, range);
        await onStage(way, url, async (screen) => {
          const played = await screen.watched(SECONDS);
          const origin = checkPlayed(played);
          near(origin, BEGIN, SOUND_BEFORE);
          near(placeOf(played.frames[0]!), BEGIN, FIRST_PICTURE);
          checkMoments(played, storedStart);
          for (const target of [SECONDS + 17.5, 3.2]) {
            const sought = await screen.seek(target, SEEK_SECONDS);
            near(checkPlayed(sought), origin);
            near(placeOf(sought.frames[0]!), origin + target, FIRST_PICTURE);
          }
        });
      }),
    );
  }
});

describe("replay", { concurrency: true }, () => {
  for (const [name, way] of Object.entries(WAYS)) {
    test(
      name,
      twice(async () => {
        const range = { from: momentAt(ASKED), to: momentAt(footage.seconds) };
        const url = await sessionUrl(way, { StreamName: STORED, PlaybackMode: "LIVE_REPLAY" }, range);
        await onStage(way, url, async (screen) => {
          const played = await screen.watched(SECONDS);
          const origin = checkPlayed(played);
          assert.ok(placeOf(played.frames[0]!) >= BEGIN);
          if (way.protocol === "hls") checkMoments(played, storedStart);
          const target = backwards(played);
          const sought = await screen.seek(target, SEEK_SECONDS);
          near(checkPlayed(sought), origin);
          near(placeOf(sought.frames[0]!), origin + target, FIRST_PICTURE);
        });
      }),
    );
  }
});

describe("live", () => {
  let start: number;
  before(async () => {
    start = await footage.goLive();
  });

  describe("in whole fragments", { concurrency: true }, () => {
    for (const [name, way] of Object.entries(WAYS)) {
      test(
        name,
        twice(async (context) => {
          const url = await sessionUrl(way, { StreamName: LIVE, PlaybackMode: "LIVE" });
          await onStage(way, url, async (screen) => {
            const played = await screen.watched(SECONDS);
            const origin = checkPlayed(played);
            const behind = (Date.now() - start) / 1000 - placeOf(played.frames.at(-1)!);
            context.diagnostic(`${behind.toFixed(2)} s behind what is sent`);
            assert.ok(behind > 0 && behind < LIVE_BEHIND, `${behind} s behind`);
            if (way.protocol === "hls") checkMoments(played, start);
            const target = backwards(played);
            const sought = await screen.seek(target, SEEK_SECONDS);
            near(checkPlayed(sought), origin);
            near(placeOf(sought.frames[0]!), origin + target, FIRST_PICTURE);
          });
        }),
      );
    }
  });

  // Behind the others: what is so near to the newest needs a browser that is not busy.
  describe("low latency", { concurrency: false }, () => {
    for (const [name, way] of Object.entries(LOW_LATENCY_WAYS)) {
      test(
        name,
        twice(async (context) => {
          const url = `${await sessionUrl(way, { StreamName: LIVE, PlaybackMode: "LIVE" })}&LowLatency=1`;
          await onStage(way, url, async (screen) => {
            const played = await screen.watched(SECONDS);
            if (way.halts) checkPictures(played);
            else checkPlayed(played);
            checkMoments(played, start);
            const behind = (Date.now() - start) / 1000 - placeOf(played.frames.at(-1)!);
            context.diagnostic(`${behind.toFixed(2)} s behind what is sent`);
            assert.ok(behind > 0 && behind < LOW_LATENCY_BEHIND, `${behind} s behind`);
          });
        }),
      );
    }
  });
});
