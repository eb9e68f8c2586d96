import { setTimeout as delay } from "node:timers/promises";
import { bodyHeader } from "../../tests/support/matroska-body.ts";
import { PutMediaSocket, type PutMediaTarget, type WireAck } from "../../tests/support/put-media-socket.ts";
import { stamp } from "./stamp.ts";
import { clusterChunk, END_OF_FRAGMENT_CHUNK, frameChunks, httpChunk } from "./wire.ts";

/** The shortest that a timer of Node waits; frames that fell due meanwhile go out together. */
const TICK_MS = 1;
/** A generator that is so late measures itself, not the server. */
const MAX_LAG_MS = 500;
const CONNECT_WITHIN_MS = 60_000;
const LAST_ACKS_WITHIN_MS = 10_000;
const CRLF_BYTES = 2;

/** How every producer of a bench sends. */
export interface Pace {
  readonly framesPerSecond: number;
  readonly framesPerFragment: number;
  readonly frameBytes: number;
  /** Puts the time of sending into each frame. */
  readonly stamped?: boolean;
}

interface Producer {
  readonly put: PutMediaSocket;
  /** Frame of its first fragment that it begins with, so that the producers' fragments end at different times. */
  readonly offset: number;
  cluster: number;
  /** When the end of each fragment that is not acknowledged yet was written, by timecode. */
  readonly ended: Map<number, number>;
}

/** Real-time producers in one process: frames made beforehand, one timer, evenly spread phases. */
export class PacedProducers {
  /** From the end of a fragment to its PERSISTED acknowledgement, ms, of those sent since the last {@link forget}. */
  latencies: number[] = [];
  errors = 0;
  framesSent = 0;
  readonly #pace: Pace;
  readonly #targets: readonly PutMediaTarget[];
  readonly #frames: Buffer[];
  readonly #start = Date.now();
  #producers: Producer[] = [];

  constructor(targets: readonly PutMediaTarget[], pace: Pace) {
    this.#targets = targets;
    this.#pace = pace;
    const duration = (pace.framesPerFragment / pace.framesPerSecond) * 1000;
    this.#frames = frameChunks(pace.framesPerFragment, pace.frameBytes, duration);
  }

  /** Opens every connection and sends the Matroska header; resolves when all were answered. */
  async connect(): Promise<void> {
    const header = httpChunk(bodyHeader());
    this.#producers = this.#targets.map((target, index) => this.#open(target, index, header));
    const deadline = performance.now() + CONNECT_WITHIN_MS;
    while (this.#producers.some(({ put }) => put.status === undefined)) {
      if (performance.now() > deadline) throw new Error("not every PutMedia request was answered in time");
      await delay(10);
    }
    const refused = this.#producers.find(({ put }) => put.status !== 200);
    if (refused !== undefined) throw new Error(`PutMedia was answered with ${refused.put.status}`);
  }

  #open(target: PutMediaTarget, index: number, header: Buffer): Producer {
    const put = new PutMediaSocket(target);
    const producer = { put, offset: index % this.#pace.framesPerFragment, cluster: -1, ended: new Map() };
    put.socket.write(header);
    put.onAck = (ack) => this.#acknowledged(producer, ack);
    return producer;
  }

  #acknowledged({ ended }: Producer, ack: WireAck): void {
    if (ack.EventType === "ERROR") this.errors++;
    const at = ack.EventType === "PERSISTED" ? ended.get(ack.FragmentTimecode!) : undefined;
    if (at === undefined) return;
    ended.delete(ack.FragmentTimecode!);
    this.latencies.push(performance.now() - at);
  }

  /** Sends in real time for so many seconds, or until the signal is aborted: the frames of all producers fall due one after the other. */
  async run(seconds: number, signal?: AbortSignal): Promise<void> {
    const perMs = (this.#pace.framesPerSecond * this.#producers.length) / 1000;
    const first = this.framesSent;
    const last = first + Math.floor(seconds * 1000 * perMs);
    const begin = performance.now();
    let lag = 0;
    while (this.framesSent < last && signal?.aborted !== true) {
      const due = Math.min(last, first + Math.floor((performance.now() - begin) * perMs));
      lag = Math.max(lag, (due - this.framesSent) / perMs);
      while (this.framesSent < due) this.#send(this.framesSent++);
      await delay(TICK_MS);
    }
    if (lag > MAX_LAG_MS)
      console.error(`  the generator was ${lag.toFixed(0)} ms late: its own load, not the server's`);
  }

  #send(tick: number): void {
    const producer = this.#producers[tick % this.#producers.length]!;
    const { framesPerFragment, framesPerSecond } = this.#pace;
    const frame = Math.floor(tick / this.#producers.length) + producer.offset;
    const index = frame % framesPerFragment;
    const { socket } = producer.put;
    if (index === 0 || producer.cluster < 0) {
      producer.cluster = this.#start + Math.round(((frame - index) / framesPerSecond) * 1000);
      socket.cork();
      socket.write(clusterChunk(producer.cluster));
      socket.write(this.#chunk(index));
      socket.uncork();
    } else socket.write(this.#chunk(index));
    if (index < framesPerFragment - 1) return;
    producer.ended.set(producer.cluster, performance.now());
    socket.write(END_OF_FRAGMENT_CHUNK);
  }

  #chunk(index: number): Buffer {
    const made = this.#frames[index]!;
    if (this.#pace.stamped !== true) return made;
    const stamped = Buffer.from(made);
    stamp(stamped, stamped.length - CRLF_BYTES, performance.now());
    return stamped;
  }

  /** Drops what was measured so far: the warm-up. */
  forget(): void {
    this.latencies = [];
    for (const { ended } of this.#producers) ended.clear();
  }

  /** Waits for the acknowledgements that are due, and closes. Resolves with how many fragments were never acknowledged. */
  async close(): Promise<number> {
    const deadline = performance.now() + LAST_ACKS_WITHIN_MS;
    const missing = (): number => this.#producers.reduce((sum, { ended }) => sum + ended.size, 0);
    while (missing() > 0 && performance.now() < deadline) await delay(20);
    const lost = missing();
    for (const { put } of this.#producers) put.destroy();
    await Promise.all(this.#producers.map(({ put }) => put.closed));
    return lost;
  }
}
