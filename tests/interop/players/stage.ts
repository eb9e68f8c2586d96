import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../../support/browser.ts";
import { CODED } from "../../support/coded-video.ts";

/** A player that nobody here wrote. */
export type PlayerName = "hls.js" | "Shaka Player" | "dash.js";

/** What harness.js has seen. */
export interface Observed {
  readonly frames: readonly {
    /** Seconds on the video's timeline. */
    readonly time: number;
    /** The number that is drawn in the frame. */
    readonly number: number;
    /** When the player says that it was recorded, in milliseconds since the epoch; null where it does not. */
    readonly moment: number | null;
  }[];
  /** What was played without having media, in seconds on the video's timeline. */
  readonly holes: readonly (readonly [from: number, to: number])[];
  /** Where playback waited for media. */
  readonly stalls: readonly number[];
  /** Where it waited with media in hand. */
  readonly pauses: readonly number[];
  readonly errors: readonly string[];
  readonly time: number;
  /** When it was looked at, in milliseconds since the epoch. */
  readonly now: number;
  readonly seekable: readonly [from: number, to: number];
  readonly audioBytes: number;
}

const HARNESS = fileURLToPath(new URL("harness.js", import.meta.url));
// Their packages name no entry for a script tag.
const script = (name: string): string => fileURLToPath(new URL(`../../../node_modules/${name}`, import.meta.url));
const FILES: Readonly<Record<string, readonly [type: string, path: string]>> = {
  "/": ["text/html", fileURLToPath(new URL("harness.html", import.meta.url))],
  "/harness.js": ["text/javascript", HARNESS],
  "/hls.js": ["text/javascript", script("hls.js/dist/hls.min.js")],
  "/shaka.js": ["text/javascript", script("shaka-player/dist/shaka-player.compiled.js")],
  "/dash.js": ["text/javascript", script("dashjs/dist/modern/umd/dash.all.min.js")],
};

/**
 * Pages that play side by side where playback may not wait: more of them keep two cores so busy with decoding that a player asks late for what
 * it plays next.
 */
export const PAGES_AT_ONCE = 2;
/** How often a page is asked what it has seen, in milliseconds. */
const LOOK_EVERY_MS = 200;
/** Playback takes as long as it lasts; a machine that is busy may begin late. Below what ends a test that hangs. */
export const PATIENCE_MS = 150_000;

/** A browser, and a page from another origin than the server's, as a player's usually is. */
export class Stage {
  readonly #server: Server;
  readonly #browser: Browser;
  /** Resolves when the page that was asked for last is open. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(server: Server, browser: Browser) {
    this.#server = server;
    this.#browser = browser;
  }

  static async open(): Promise<Stage> {
    const browser = await launchBrowser();
    const server = createServer((request, response) => {
      const [type, path] = FILES[request.url ?? ""] ?? [];
      if (type === undefined || path === undefined) response.writeHead(404).end();
      else response.writeHead(200, { "Content-Type": type }).end(readFileSync(path));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Stage(server, browser);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Plays a session with a player; the session is begun once there is a page for it. */
  play(player: PlayerName, begin: () => Promise<string>, options: object = {}): Promise<Screen> {
    const { port } = this.#server.address() as AddressInfo;
    return this.#open(`http://127.0.0.1:${port}/`, async (screen) => {
      await screen.call("watch", CODED, player, await begin(), options);
    });
  }

  /** Opens a page that plays by itself. */
  visit(url: string): Promise<Screen> {
    return this.#open(url, async (screen) => {
      // The page's own policy would refuse it as a script.
      await screen.page.evaluate(readFileSync(HARNESS, "utf8"));
      await screen.call("watch", CODED);
    });
  }

  /** Opens one page after the other: that, and the start of a player, keeps the machine ten times as busy as what plays then. */
  #open(url: string, start: (screen: Screen) => Promise<void>): Promise<Screen> {
    const opened = this.#last.then(async () => {
      const screen = await Screen.open(this.#browser, url);
      await start(screen);
      return screen;
    });
    this.#last = opened.catch(() => undefined);
    return opened;
  }
}

/** One page of the browser. */
export class Screen {
  readonly page: Page;
  /** Where everything was asked for that the page has loaded. */
  readonly origins = new Set<string>();
  /** What the browser complains about on its console. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on("request", (request) => this.origins.add(new URL(request.url()).origin));
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(error.message));
  }

  static async open(browser: Browser, url: string): Promise<Screen> {
    const screen = new Screen(await browser.newPage());
    screen.page.setDefaultTimeout(PATIENCE_MS);
    await screen.page.goto(url);
    return screen;
  }

  call<Result = void>(name: string, ...args: unknown[]): Promise<Result> {
    return this.page.evaluate(`${name}(${args.map((value) => JSON.stringify(value)).join(", ")})`);
  }

  /** What was seen since the last seek, or the beginning. */
  observed(): Promise<Observed> {
    return this.call("observed");
  }

  /** What was seen since the last seek, once `seconds` of it have been played. Rejects where playback fails, or does not get on. */
  async watched(seconds: number): Promise<Observed> {
    const deadline = performance.now() + seconds * 1000 + PATIENCE_MS;
    for (;;) {
      const observed = await this.observed();
      const { frames, errors } = observed;
      if (errors.length > 0) throw new Error(`playback failed: ${errors.join("; ")}`);
      if (frames.length > 0 && frames.at(-1)!.time - frames[0]!.time >= seconds) return observed;
      if (performance.now() > deadline) {
        throw new Error(`playback does not get on: ${JSON.stringify({ ...observed, frames: frames.slice(-3) })}`);
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Seeks, and resolves with what is seen from there on for `seconds`. */
  async seek(time: number, seconds: number): Promise<Observed> {
    await this.call("seek", time);
    return this.watched(seconds);
  }

  close(): Promise<void> {
    return this.page.close();
  }
}
