/**
 * What players in a browser show of streaming sessions: every frame says its own number, so that what is seen can be held against what was
 * asked for, and playback must not stop once it has begun. `KVASS_PLAYER_SECONDS` makes it longer.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { GetHLSStreamingSessionURLInput } from "@aws-sdk/client-kinesis-video-archived-media";
import { CODED } from "../../support/coded-video.ts";
import { Footage, LIVE, STORED } from "./footage.ts";
import { type Observed, PAGES_AT_ONCE, type PlayerName, type Screen, Stage } from "./stage.ts";

/** How long each session is watched. */
const SECONDS = Number(process.env.KVASS_PLAYER_SECONDS ?? 8);
/** How often a player that catches up is looked at, in milliseconds. */
const LOOK_EVERY_MS = 200;
/** Watched again behind a seek. */
const SEEK_SECONDS = 2;
/** The stored range begins so many seconds into the video, and playback with the next key frame. */
const ASKED = 5.5;
const BEGIN = 6;
/** The video lasts so many seconds longer than one watches, for seeks, and for players that stay behind and begin late. */
const MARGIN = 100;
/** Fragments in what moves on: enough to go back a little. */
const WINDOW = 10;
/** Seconds of the fragments that a player stays behind, and of one that is on its way. */
const LIVE_BEHIND = 15;
/** More fragments than are sent. */
const ALL_FRAGMENTS = 1000;
/** How near a player comes to what is sent with low latency, in seconds; it may take longer than one watches to catch up with a late start. */
const CATCHES_UP_SECONDS = 20;
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
  /** Settings of the player. */
  readonly options?: object;
  /** Fragments in what moves on. */
  readonly window?: number;
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

/**
 * Seconds behind what is sent that players with low latency come at least: two fragments, where those of whole fragments stay four and more behind.
 * How near they come on a machine that decodes in time is measured by the bench `llhls`.
 */
const LOW_LATENCY_BEHIND = 4;

/** Ways to play with low latency. */
const LOW_LATENCY_WAYS: Readonly<Record<string, Way>> = {
  "hls.js with low latency": {
    player: "hls.js",
    protocol: "hls",
    session: CONTINUOUS,
    // As the playback page sets them: hls.js stays where a late start, or a halt at it, has brought it otherwise.
    options: { maxLiveSyncPlaybackRate: 1.25, liveSyncOnStallIncrease: 0.25 },
  },
  "Shaka Player with low latency": {
    player: "Shaka Player",
    protocol: "hls",
    session: CONTINUOUS,
    // It moves each part to the place that it reckons from the playlist, and loses those without a key frame wherever that differs by 1 ms from the
    // part before. Where it leaves times as they are, it needs a playlist that begins with the session.
    options: { manifest: { hls: { ignoreManifestTimestampsInSegmentsMode: true } } },
    window: ALL_FRAGMENTS,
  },
};

/** Rounds of pages one behind the other while the video is sent: on demand, as a replay and live, and players with low latency one by one. */
const WATCHED_BEHIND_ANOTHER =
  3 * Math.ceil(Object.keys(WAYS).length / PAGES_AT_ONCE) + Object.keys(LOW_LATENCY_WAYS).length;
const footage = await Footage.open(WATCHED_BEHIND_ANOTHER * SECONDS + MARGIN);
const { client, storedStart } = footage;
const stage = await Stage.open();
after(() => stage.close());
// From the first test on; those that watch it wait, and fail where it does.
footage.goLive().catch(() => undefined);

/** Seconds behind the beginning of a moving window in which a place is not yet gone when the seek arrives. */
const WINDOW_MARGIN = 2.5;

interface Asked {
  readonly StreamName: string;
  readonly PlaybackMode: "LIVE" | "LIVE_REPLAY" | "ON_DEMAND";
}

function sessionUrl(
  { protocol, session, window: fragments = WINDOW }: Way,
  asked: Asked,
  range?: { from: Date; to: Date | undefined },
) {
  const span = range && { StartTimestamp: range.from, EndTimestamp: range.to };
  const selector = { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange: span } as const;
  const common = { ...asked, DisplayFragmentTimestamp: "ALWAYS" } as const;
  const window = asked.PlaybackMode === "ON_DEMAND" ? undefined : fragments;
  if (protocol === "dash") {
    return client.dash({ ...common, DASHFragmentSelector: selector, MaxManifestFragmentResults: window });
  }
  const own = { ...session, MaxMediaPlaylistFragmentResults: window };
  return client.hls({ ...common, ...own, HLSFragmentSelector: selector });
}

/** Seconds into the video that a frame is of, by its number. */
const placeOf = ({ number }: Observed["frames"][number]): number => number / CODED.rate;

/**
 * Holds that playback never waited for media nor left any out, that there is sound, and that every picture is the one of its time. Returns where
 * time 0 lies in the video.
 */
function checkPlayed({ frames, holes, stalls, pauses, audioBytes }: Observed): number {
  assert.deepEqual({ stalls, pauses }, { stalls: [], pauses: [] });
  assert.deepEqual(holes, []);
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
async function onStage(way: Way, begin: () => Promise<string>, use: (screen: Screen) => Promise<void>): Promise<void> {
  const screen = await stage.play(way.player, begin, way.options);
  try {
    await use(screen);
  } finally {
    await screen.close();
  }
}

const momentAt = (seconds: number): Date => new Date(storedStart + seconds * 1000);

describe("on demand", { concurrency: PAGES_AT_ONCE }, () => {
  for (const [name, way] of Object.entries(WAYS)) {
    test(name, async () => {
      const range = { from: momentAt(ASKED), to: momentAt(footage.seconds) };
      const begin = () => sessionUrl(way, { StreamName: STORED, PlaybackMode: "ON_DEMAND" }, range);
      await onStage(way, begin, async (screen) => {
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
    });
  }
});

describe("replay", { concurrency: PAGES_AT_ONCE }, () => {
  for (const [name, way] of Object.entries(WAYS)) {
    test(name, async () => {
      const range = { from: momentAt(ASKED), to: momentAt(footage.seconds) };
      const begin = () => sessionUrl(way, { StreamName: STORED, PlaybackMode: "LIVE_REPLAY" }, range);
      await onStage(way, begin, async (screen) => {
        const played = await screen.watched(SECONDS);
        const origin = checkPlayed(played);
        assert.ok(placeOf(played.frames[0]!) >= BEGIN);
        if (way.protocol === "hls") checkMoments(played, storedStart);
        const target = backwards(played);
        const sought = await screen.seek(target, SEEK_SECONDS);
        near(checkPlayed(sought), origin);
        near(placeOf(sought.frames[0]!), origin + target, FIRST_PICTURE);
      });
    });
  }
});

describe("live", () => {
  let start: number;
  before(async () => {
    start = await footage.goLive();
  });

  /** Seconds from when the newest picture was sent to when one looked. */
  const behindOf = ({ frames, now }: Observed): number => (now - start) / 1000 - placeOf(frames.at(-1)!);

  /** How far behind a player is once it has come as near as it should, or has had time to. */
  async function nearest(screen: Screen, enough: number): Promise<number> {
    const deadline = performance.now() + CATCHES_UP_SECONDS * 1000;
    for (;;) {
      const behind = behindOf(await screen.observed());
      if (behind <= enough || performance.now() > deadline) return behind;
      await sleep(LOOK_EVERY_MS);
    }
  }

  describe("in whole fragments", { concurrency: PAGES_AT_ONCE }, () => {
    for (const [name, way] of Object.entries(WAYS)) {
      test(name, async (context) => {
        const begin = () => sessionUrl(way, { StreamName: LIVE, PlaybackMode: "LIVE" });
        await onStage(way, begin, async (screen) => {
          const played = await screen.watched(SECONDS);
          const origin = checkPlayed(played);
          const behind = behindOf(played);
          context.diagnostic(`${behind.toFixed(2)} s behind what is sent`);
          assert.ok(behind > 0 && behind < LIVE_BEHIND, `${behind} s behind`);
          if (way.protocol === "hls") checkMoments(played, start);
          const target = backwards(played);
          const sought = await screen.seek(target, SEEK_SECONDS);
          near(checkPlayed(sought), origin);
          near(placeOf(sought.frames[0]!), origin + target, FIRST_PICTURE);
        });
      });
    }
  });

  // Behind the others: what is so near to the newest needs a browser that is not busy.
  describe("low latency", { concurrency: false }, () => {
    for (const [name, way] of Object.entries(LOW_LATENCY_WAYS)) {
      test(name, async (context) => {
        const begin = async () => `${await sessionUrl(way, { StreamName: LIVE, PlaybackMode: "LIVE" })}&LowLatency=1`;
        await onStage(way, begin, async (screen) => {
          const played = await screen.watched(SECONDS);
          checkPlayed(played);
          checkMoments(played, start);
          const behind = await nearest(screen, LOW_LATENCY_BEHIND);
          context.diagnostic(`${behind.toFixed(2)} s behind what is sent`);
          assert.ok(behind > 0 && behind <= LOW_LATENCY_BEHIND, `${behind} s behind`);
        });
      });
    }
  });
});
