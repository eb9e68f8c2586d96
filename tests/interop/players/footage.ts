import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Fragment, ListFragmentsCommand } from "@aws-sdk/client-kinesis-video-archived-media";
import { ControlPlane } from "../../conformance/support/control-plane.ts";
import { Player } from "../../conformance/support/playback.ts";
import { codedVideo } from "../../support/coded-video.ts";
import { type Running, startKvass } from "../../support/command-line.ts";
import { makeMedia, putMedia } from "../../support/media.ts";

/** The stream that has all of the video since a while ago. */
export const STORED = "stored";
/** The stream that it is being sent to. */
export const LIVE = "live";
/** Fragments that are there before anyone watches live: players stay three behind the newest. */
const LIVE_FRAGMENTS = 4;
const LOOK_EVERY_MS = 500;
/** Playback of the live stream begins late, and ends before the video does; in milliseconds. */
const SENDS_LONGER_MS = 60_000;
/** More fragments than tests send, and than a list has at once. */
const ALL_FRAGMENTS = 1000;
const STORED_AGO_MS = 3_600_000;

/** A server that holds coded video, and is sent it live. */
export class Footage {
  readonly plane: ControlPlane;
  readonly client: Player;
  /** Seconds of video. */
  readonly seconds: number;
  /** When the stored video began, in milliseconds since the epoch. */
  readonly storedStart = Date.now() - STORED_AGO_MS;
  readonly #path: string;
  #live: Promise<number> | undefined;
  #producer: Running | undefined;

  private constructor(plane: ControlPlane, seconds: number, path: string) {
    this.plane = plane;
    this.client = new Player(plane.server);
    this.seconds = seconds;
    this.#path = path;
  }

  /** Starts the server, which is stopped when the tests of the file are over, and stores the video. */
  static async open(seconds: number): Promise<Footage> {
    const begun: Footage[] = [];
    // Ahead of the server's own end, which waits for its producers.
    after(() => Promise.all(begun.map((footage) => footage.#stop())));
    const plane = await ControlPlane.start();
    const folder = mkdtempSync(join(tmpdir(), "kvass-players-"));
    after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "coded.mkv");
    const media = await makeMedia(codedVideo(seconds));
    writeFileSync(path, media);
    const footage = new Footage(plane, seconds, path);
    begun.push(footage);
    await plane.create(STORED, { DataRetentionInHours: 24 });
    await putMedia(plane.server.url, STORED, media, footage.storedStart);
    return footage;
  }

  /** Sends the video live until the tests of the file are over, once for all who ask. Resolves to when it began, once players can join. */
  goLive(): Promise<number> {
    this.#live ??= this.#send();
    return this.#live;
  }

  async #stop(): Promise<void> {
    this.#producer?.process.kill("SIGINT");
    await this.#producer?.ended;
  }

  async #send(): Promise<number> {
    await this.plane.create(LIVE, { DataRetentionInHours: 24 });
    const args = ["put", LIVE, this.#path, "--realtime", "--data", this.plane.server.data];
    this.#producer = startKvass(args, undefined, { endsWithinMs: this.seconds * 1000 + SENDS_LONGER_MS });
    for (;;) {
      const sent = await this.#fragmentsSent();
      // The first frame's time is when it was sent, however long the program took to start.
      if (sent.length >= LIVE_FRAGMENTS) return Math.min(...sent.map(({ ProducerTimestamp }) => +ProducerTimestamp!));
      await sleep(LOOK_EVERY_MS);
    }
  }

  async #fragmentsSent(): Promise<Fragment[]> {
    const FragmentSelector = {
      FragmentSelectorType: "SERVER_TIMESTAMP",
      TimestampRange: { StartTimestamp: new Date(this.storedStart), EndTimestamp: new Date() },
    } as const;
    const command = new ListFragmentsCommand({ StreamName: LIVE, FragmentSelector, MaxResults: ALL_FRAGMENTS });
    const { Fragments = [] } = await this.client.client.send(command);
    return Fragments;
  }
}
