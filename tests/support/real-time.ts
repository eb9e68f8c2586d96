import { setTimeout as delay } from "node:timers/promises";
import { MatroskaStreamReader } from "@kvass/media";
import { PutMediaSocket } from "./put-media-socket.ts";
import { CREDENTIALS } from "./server.ts";

/** One block of a Matroska file with what precedes it. */
export interface MediaPiece {
  readonly bytes: Uint8Array;
  /** Milliseconds from the file's time 0. */
  readonly time: number;
  readonly track: number;
  /** Whether a Cluster begins with it. */
  readonly beginsCluster: boolean;
}

/** A Matroska file with ticks of a millisecond, cut before each block. */
export function piecesOf(media: Buffer): MediaPiece[] {
  const starts: (Omit<MediaPiece, "bytes"> & { offset: number })[] = [];
  let cluster = 0;
  let begins = false;
  const reader = new MatroskaStreamReader({
    onHeader: () => undefined,
    onTags: () => undefined,
    onClusterStart: ({ offset }) => {
      cluster = offset;
      begins = true;
    },
    onClusterData: () => undefined,
    onBlockPayload: () => undefined,
    onBlock: ({ clusterOffset, timecode, trackNumber }) => {
      const offset = begins ? cluster : cluster + clusterOffset;
      starts.push({ offset, time: timecode, track: trackNumber, beginsCluster: begins });
      begins = false;
    },
    onClusterEnd: () => undefined,
  });
  reader.feed(media);
  return starts.map(({ offset, ...start }, index) => ({
    ...start,
    bytes: media.subarray(index === 0 ? 0 : offset, starts[index + 1]?.offset),
  }));
}

/** Sends media as a camera does: each frame when its time has come. */
export class RealTimeProducer {
  readonly socket: PutMediaSocket;
  /** Milliseconds since the epoch that the media's time 0 stands for. */
  readonly start = Date.now();
  readonly #pieces: readonly MediaPiece[];
  #sent = 0;

  constructor(url: string, stream: string, media: Buffer) {
    this.#pieces = piecesOf(media);
    const producerStart = (this.start / 1000).toFixed(3);
    this.socket = new PutMediaSocket({ url, ...CREDENTIALS, stream, timecodeType: "RELATIVE", producerStart });
  }

  /** Sends what comes before `time` (ms of the media), in real time, while there is a connection; `onSent` is told of each piece. */
  async sendUntil(time: number, onSent: (piece: MediaPiece) => void = () => undefined): Promise<void> {
    for (; this.#sent < this.#pieces.length; this.#sent++) {
      const piece = this.#pieces[this.#sent]!;
      if (piece.time >= time || this.socket.socket.destroyed) return;
      await delay(Math.max(0, this.start + piece.time - Date.now()));
      this.socket.write(piece.bytes);
      onSent(piece);
    }
  }

  /** Ends the body; resolves when all is durable. */
  async end(): Promise<void> {
    this.socket.end();
    await this.socket.answered;
    this.socket.destroy();
  }
}
