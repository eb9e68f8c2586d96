import { connect, type Socket } from "node:net";
import { ChunkedResponse } from "./chunked-response.ts";
import { StampScanner } from "./stamp.ts";

/** Reads a live stream on a bare socket and tells when each stamped frame has come whole. */
export class FrameReader {
  /** Sending to arrival of each frame since the last {@link forget}, ms. */
  latencies: number[] = [];
  /** Frames of the whole life of the reader. */
  frames = 0;
  readonly #socket: Socket;
  readonly #response: ChunkedResponse;
  readonly #scanner = new StampScanner();

  constructor(url: string, request: string) {
    const { hostname, port } = new URL(url);
    this.#response = new ChunkedResponse((bytes) => this.#scan(bytes));
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.on("data", (data) => this.#response.feed(data));
    this.#socket.write(request);
  }

  get status(): number | undefined {
    return this.#response.status;
  }

  #scan(bytes: Buffer): void {
    const now = performance.now();
    this.#scanner.feed(bytes, (sent) => {
      this.frames++;
      this.latencies.push(now - sent);
    });
  }

  /** Drops what was measured so far: the warm-up. */
  forget(): void {
    this.latencies = [];
  }

  close(): void {
    this.#socket.destroy();
  }
}
