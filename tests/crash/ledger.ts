import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { bodyHeader, END_OF_FRAGMENT, fragment } from "../support/matroska-body.ts";
import { PutMediaSocket } from "../support/put-media-socket.ts";
import { CREDENTIALS } from "../support/server.ts";

/** Shape of the fragments that the producers send: small, so that many are in flight when the server dies. */
const FRAMES = 6;
const FRAGMENT_MS = 40;

/** A fragment's bytes follow from its stream and timecode, so that a reader can tell what it should have got. */
export function fragmentOf(stream: string, timecode: number): Buffer {
  const seed = [...stream].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, timecode >>> 0);
  return fragment(timecode, FRAMES, 200 + (seed % 9000), FRAGMENT_MS, seed & 0xff);
}

/** What one stream was promised: the fragments whose PERSISTED acknowledgement arrived. */
export class StreamLedger {
  readonly stream: string;
  /** Fragment number -> timecode. */
  readonly persisted = new Map<string, number>();
  /** Timecodes of every fragment that was sent, acknowledged or not. */
  readonly sent = new Set<number>();

  /** The producer's connection, the newest one where there were several. */
  connection: PutMediaSocket | undefined;

  /** Set while a request that deletes the stream's data is under way: should the server die, nothing of it is promised. */
  doubtful = false;

  constructor(stream: string) {
    this.stream = stream;
  }

  /** Runs a request that deletes the stream's data. Acknowledgements that crossed its answer on the wire promise nothing either. */
  async discard(request: () => Promise<unknown>): Promise<void> {
    this.doubtful = true;
    await request();
    await this.#overtaken(Date.now());
    this.persisted.clear();
    this.doubtful = false;
  }

  /**
   * Resolves when the connection has told something of a fragment that was sent after `moment`, or nothing more will come: acknowledgements
   * keep their order on a connection, so that those of before have been read then, however long they and their reader took.
   */
  async #overtaken(moment: number): Promise<void> {
    const { connection } = this;
    if (connection === undefined) return;
    const later = connection.ack(({ FragmentTimecode = 0 }) => FragmentTimecode > moment);
    await Promise.race([later.catch(() => undefined), connection.answered]);
  }

  /** The server died. */
  settle(): void {
    if (this.doubtful) this.persisted.clear();
    this.doubtful = false;
  }
}

/** Streams fragments until the connection dies or `stop` is aborted, noting each promise in the ledger the moment it is read. */
export async function produce(url: string, ledger: StreamLedger, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const put = new PutMediaSocket({ url, ...CREDENTIALS, stream: ledger.stream });
    ledger.connection = put;
    put.onAck = (ack) => {
      if (ack.EventType === "PERSISTED") ledger.persisted.set(ack.FragmentNumber!, ack.FragmentTimecode!);
    };
    const destroy = (): void => put.destroy();
    stop.addEventListener("abort", destroy);
    put.write(bodyHeader());
    while (!stop.aborted && !put.socket.destroyed) {
      const timecode = Date.now();
      if (!ledger.sent.has(timecode)) {
        ledger.sent.add(timecode);
        put.write(fragmentOf(ledger.stream, timecode));
        if (randomInt(2) === 0) put.write(END_OF_FRAGMENT);
      }
      await Promise.race([delay(FRAGMENT_MS + 10 + randomInt(20)), put.closed]);
      await put.drained();
    }
    await put.closed;
    stop.removeEventListener("abort", destroy);
    await delay(50, undefined, { signal: stop }).catch(() => undefined);
  }
}
