import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A connection of loopback without an HTTP library: sends bytes, and tells what has come back by the time that a pattern matches or it ends. */
export class RawClient {
  readonly socket: Socket;
  received = "";
  ended = false;
  reset = false;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    this.socket.setEncoding("latin1");
    this.socket.on("data", (text) => {
      this.received += text.toString();
    });
    this.socket.once("end", () => {
      this.ended = true;
    });
    this.socket.on("error", () => {
      this.reset = true;
    });
  }

  send(text: string): this {
    this.socket.write(text);
    return this;
  }

  /** Resolves to what has come back once it matches; fails where the connection ends before. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.received)) {
      if (this.ended || this.socket.destroyed) assert.fail(`the connection ended after: ${this.received}`);
      await Promise.race(["data", "end", "close"].map((event) => once(this.socket, event)));
    }
    return this.received;
  }

  /** Resolves to all that comes back until the server ends the connection. */
  async untilClosed(): Promise<string> {
    this.socket.resume();
    if (!this.ended && !this.socket.destroyed)
      await Promise.race([once(this.socket, "end"), once(this.socket, "close")]);
    this.socket.destroy();
    return this.received;
  }
}
