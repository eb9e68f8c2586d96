import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { HttpLimits } from "./limits.ts";

/** How often the exchanges in hand are looked at. */
const SWEEP_MS = 5_000;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  bytesRead: number;
  readSince: number;
  bytesWritten: number;
  writtenSince: number;
  bytesMoved: number;
  movedSince: number;
}

/** Watches requests in hand and cuts those whose client neither sends nor reads: one timer for all. */
export class ProgressWatch {
  readonly #limits: HttpLimits;
  readonly #exchanges = new Set<Exchange>();
  readonly #timer: NodeJS.Timeout;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
    this.#timer = setInterval(() => this.sweep(Date.now()), SWEEP_MS).unref();
  }

  /** Number of exchanges in hand. */
  get size(): number {
    return this.#exchanges.size;
  }

  /** Takes an exchange in hand until its connection or its answer ends. */
  add(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const now = Date.now();
    const exchange = {
      request,
      response,
      socket,
      bytesRead: socket.bytesRead,
      readSince: now,
      bytesWritten: socket.bytesWritten,
      writtenSince: now,
      bytesMoved: 0,
      movedSince: now,
    };
    this.#exchanges.add(exchange);
    response.once("close", () => this.#exchanges.delete(exchange));
  }

  /**
   * Cuts the connections that break a limit.
   * @param now milliseconds since the epoch
   */
  sweep(now: number): void {
    for (const exchange of this.#exchanges) {
      const isCut = this.#starves(exchange, now) || this.#stalls(exchange, now) || this.#standsStill(exchange, now);
      if (isCut) exchange.socket.destroy();
    }
  }

  /** Stops watching. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** True where the client owes bytes: not while those that came wait for the server to take them. */
  #starves(exchange: Exchange, now: number): boolean {
    const { request, socket } = exchange;
    const { progressBytes, progressWindowMs } = this.#limits;
    const waitsForServer = request.readableLength > 0;
    if (request.complete || waitsForServer || socket.bytesRead - exchange.bytesRead >= progressBytes) {
      exchange.bytesRead = socket.bytesRead;
      exchange.readSince = now;
      return false;
    }
    return now - exchange.readSince > progressWindowMs;
  }

  /** True where an answer has been waiting for the client to take any of it. */
  #stalls(exchange: Exchange, now: number): boolean {
    const { response, socket } = exchange;
    if (response.writableLength === 0 || socket.bytesWritten > exchange.bytesWritten) {
      exchange.bytesWritten = socket.bytesWritten;
      exchange.writtenSince = now;
      return false;
    }
    return now - exchange.writtenSince > this.#limits.stalledAnswerMs;
  }

  /** True where client and server wait for each other to read. */
  #standsStill(exchange: Exchange, now: number): boolean {
    const { request, response, socket } = exchange;
    const moved = socket.bytesRead + socket.bytesWritten;
    if (request.complete || response.writableLength === 0 || moved !== exchange.bytesMoved) {
      exchange.bytesMoved = moved;
      exchange.movedSince = now;
      return false;
    }
    return now - exchange.movedSince > this.#limits.standstillMs;
  }
}
