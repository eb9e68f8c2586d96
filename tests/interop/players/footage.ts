import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ListFragmentsCommand } from "@aws-sdk/client-kinesis-video-archived-media";
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
  #producer: Running | undefined;

  private constructor(plane: ControlPlane, seconds: number, path: string) {
    this.plane = plane;
    this.client = new Player(plane.server);
    this.seconds = seconds;
    this.#path = path;
  }

  /** Starts the server, which is stopped when the tests of the file are over, and stores the video. */
  static async open(seconds: number): Promise<Footage> {
    const plane = await ControlPlane.start();
    const folder = mkdtempSync(join(tmpdir(), "kvass-players-"));
    after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "coded.mkv");
    const media = await makeMedia(codedVideo(seconds));
    writeFileSync(path, media);
    const footage = new Footage(plane, seconds, path);
    after(() => footage.#stop());
    await plane.create(STORED, { DataRetentionInHours: 24 });
    await putMedia(plane.server.url, STORED, media, footage.storedStart);
    return footage;
  }

  /** Begins to send the video live, until the tests of the file are over. Resolves to when it began, once players can join. */
  async goLive(): Promise<number> {
    await this.plane.create(LIVE, { DataRetentionInHours: 24 });
    const start = Date.now();
    const args = ["put", LIVE, this.#path, "--realtime", "--start-timestamp", String(start)];
    const endsWithinMs = this.seconds * 1000 + SENDS_LONGER_MS;
    this.#producer = startKvass([...args, "--data", this.plane.server.data], undefined, { endsWithinMs });
    while ((await this.#fragmentsSent()) < LIVE_FRAGMENTS) await sleep(LOOK_EVERY_MS);
    return start;
  }

  async #stop(): Promise<void> {
    this.#producer?.process.kill("SIGINT");
    await this.#producer?.ended;
  }

  async #fragmentsSent(): Promise<number> {
    const FragmentSelector = {
      FragmentSelectorType: "SERVER_TIMESTAMP",
      TimestampRange: { StartTimestamp: new Date(this.storedStart), EndTimestamp: new Date() },
    } as const;
    const command = new ListFragmentsCommand({ StreamName: LIVE, FragmentSelector });
    const { Fragments = [] } = await this.client.client.send(command);
    return Fragments.length;
  }
}
