/** Low-latency sessions over the whole domain in one process, with a clock that tests set and frames that they send one by one. */
import { createSecretKey, randomBytes } from "node:crypto";
import { hlsLowLatency, type ReloadRequest } from "../../packages/server/src/domain/playback/low-latency/requests.ts";
import type { PlaybackSession } from "../../packages/server/src/domain/playback/session.ts";
import type { PlaybackSessions } from "../../packages/server/src/domain/playback/sessions.ts";
import type { Stream } from "../../packages/server/src/domain/streams/stream.ts";
import { InProcessServer, TestSession } from "./in-process.ts";
import { bodyHeader, clusterStart, END_OF_FRAGMENT, simpleBlock } from "./matroska-body.ts";
import { LIVE, sessionsOf } from "./playback.ts";

const FRAME_MS = 40;
/** 1024 samples at 48 kHz, as whole milliseconds have it. */
const SOUND_MS = 21;
/** A request that does not wait. */
export const AT_ONCE: ReloadRequest = { segment: undefined, part: undefined, skip: false };
/** Of a viewer who stays. */
export const FOR_EVER = new AbortController().signal;

/** Milliseconds since the epoch, which cameras move on as they send. */
interface SceneClock {
  now: number;
}

/** A frame of one NAL unit: of a slice, whatever it is filled with. */
function frame(fill: number, key: boolean): Buffer {
  const data = Buffer.alloc(50, fill & 0x7f);
  data.writeUInt32BE(data.length - 4);
  data[4] = key ? 0x65 : 0x41;
  return data;
}

/** A camera of 25 frames a second, with the time of its clock; it never sends the end of a fragment of itself. */
export class Camera {
  readonly stream: Stream;
  readonly #clock: SceneClock;
  readonly #session: TestSession;
  #cluster = 0;

  constructor(stream: Stream, clock: SceneClock, session: TestSession) {
    this.stream = stream;
    this.#clock = clock;
    this.#session = session;
  }

  /** Begins a fragment with a key frame, and goes on to have sent so many frames of it, each when it is due. */
  async fragment(frames: number): Promise<void> {
    this.#cluster = this.#clock.now;
    await this.#session.send(clusterStart(this.#cluster));
    await this.frames(frames, true);
  }

  async frames(count: number, begins = false): Promise<void> {
    for (let sent = 0; sent < count; sent++) {
      const key = begins && sent === 0;
      const { now } = this.#clock;
      await this.#session.send(simpleBlock(1, now - this.#cluster, key, frame(now / FRAME_MS, key)));
      this.#clock.now += FRAME_MS;
    }
    await turns();
  }

  /** The sound of the fragment's first `ms` milliseconds. */
  async sound(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += SOUND_MS) await this.#session.send(simpleBlock(2, at, true, Buffer.alloc(20, 1)));
    await turns();
  }

  /** Ends the fragment; resolves when it is durable. */
  async end(): Promise<void> {
    await this.#session.send(END_OF_FRAGMENT);
    await this.#session.ack("PERSISTED", this.#cluster);
    await turns();
  }

  /** Goes away, as a crash does. */
  async crash(): Promise<void> {
    this.#session.session.abort();
    await turns();
  }
}

/** Lets everything that has been set off come to its end. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A server, its cameras, and sessions of what they send. */
export class LiveScene implements SceneClock {
  /** Not before the system's time, by which ingest closes connections that are idle. */
  now = Math.ceil(Date.now() / 1000) * 1000;
  readonly server = new InProcessServer({ now: () => this.now });
  /** What was reported as the server's fault. */
  readonly reported: unknown[] = [];
  readonly #tokenKey = createSecretKey(randomBytes(32));
  readonly #started: PlaybackSessions[] = [];
  readonly sessions = this.started();

  /** The sessions of a server that has just started. */
  started(): PlaybackSessions {
    const report = (error: unknown): void => void this.reported.push(error);
    const begun = sessionsOf(this.server, { tokenKey: this.#tokenKey, report, now: () => this.now });
    this.#started.push(begun);
    return begun;
  }

  /** A camera that begins to send. */
  async camera(stream: Stream, header = bodyHeader()): Promise<Camera> {
    const session = await TestSession.open(this.server, stream);
    await session.send(header);
    return new Camera(stream, this, session);
  }

  /** A camera that has sent a fragment to a new stream, and a session of that. */
  async watched(name: string, header?: Buffer): Promise<{ camera: Camera; token: string; session: PlaybackSession }> {
    const camera = await this.camera(await this.server.create(name), header);
    await camera.fragment(25);
    if (header !== undefined) await camera.sound(1000);
    await camera.end();
    const token = await this.sessions.create(camera.stream, LIVE);
    return { camera, token, session: await this.sessions.open(token) };
  }

  async close(): Promise<void> {
    for (const begun of this.#started) begun.stop();
    await this.server.ingest.drain(0);
    await this.server.close();
  }
}

/** The Media Playlist of a track, as `readable` has it. */
export async function playlist(session: PlaybackSession, request = AT_ONCE, track = 1): Promise<string> {
  const content = await hlsLowLatency(session, await session.track(track), request, FOR_EVER);
  return readable(Buffer.from(content!).toString());
}

/** `F1` for the first fragment that is named, and so on; dates in milliseconds after the first one; without token. */
export function readable(text: string): string {
  const names = [...new Set(text.match(/\d{40,}/g))];
  const short = text.replace(/&?SessionToken=[\w-]+~&?/g, "&");
  const first = Date.parse(/(?<=DATE-TIME:).*/.exec(short)?.[0] ?? "");
  const dated = short.replaceAll(/(?<=DATE-TIME:).*/g, (date) => String(Date.parse(date) - first));
  return names.reduce((line, name, place) => line.replaceAll(name, `F${place + 1}`), dated);
}
