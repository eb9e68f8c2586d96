import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpLimits } from "./limits.ts";

/** How often the exchanges in hand are looked at. */
const SWEEP_MS = 5_000;

/** An exchange in hand, with what its socket had moved when it was last seen to come forward. */
export interface Watched {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
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
  readonly #exchanges = new Set<Watched>();
  readonly #timer: NodeJS.Timeout;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
    this.#timer = setInterval(() => this.sweep(Date.now()), SWEEP_MS).unref();
  }

  /** Number of exchanges in hand. */
  get size(): number {
    return this.#exchanges.size;
  }

  /**
   * Takes an exchange in hand. Nothing is counted before it is looked at first: nearly all are over by then, and what their connections moved
   * for earlier ones counts as having come forward.
   */
  add(request: IncomingMessage, response: ServerResponse): Watched {
    const now = Date.now();
    const watched = {
      request,
      response,
      bytesRead: 0,
      readSince: now,
      bytesWritten: 0,
      writtenSince: now,
      bytesMoved: 0,
      movedSince: now,
    };
    this.#exchanges.add(watched);
    return watched;
  }

  /** Lets go of one whose connection or answer has ended. */
  remove(watched: Watched): void {
    this.#exchanges.delete(watched);
  }

  /**
   * Cuts the connections that break a limit.
   * @param now milliseconds since the epoch
   */
  sweep(now: number): void {
    for (const exchange of this.#exchanges) {
      const isCut = this.#starves(exchange, now) || this.#stalls(exchange, now) || this.#standsStill(exchange, now);
      if (isCut) exchange.request.socket.destroy();
    }
  }

  /** Stops watching. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** True where the client owes bytes: not while those that came wait for the server to take them. */
  #starves(exchange: Watched, now: number): boolean {
    const { request } = exchange;
    const { socket } = request;
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
  #stalls(exchange: Watched, now: number): boolean {
    const { response, request } = exchange;
    const { socket } = request;
    if (response.writableLength === 0 || socket.bytesWritten > exchange.bytesWritten) {
      exchange.bytesWritten = socket.bytesWritten;
      exchange.writtenSince = now;
      return false;
    }
    return now - exchange.writtenSince > this.#limits.stalledAnswerMs;
  }

  /** True where client and server wait for each other to read. */
  #standsStill(exchange: Watched, now: number): boolean {
    const { request, response } = exchange;
    const { socket } = request;
    const moved = socket.bytesRead + socket.bytesWritten;
    if (request.complete || response.writableLength === 0 || moved !== exchange.bytesMoved) {
      exchange.bytesMoved = moved;
      exchange.movedSince = now;
      return false;
    }
    return now - exchange.movedSince > this.#limits.standstillMs;
  }
}
