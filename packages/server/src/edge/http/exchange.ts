import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { WireRequest } from "../../aws/wire.ts";
import { originForm } from "./origin-form.ts";

/** `scheme://host[:port]` under which a client reached the listener. */
export type BaseUrlOf = (request: IncomingMessage) => string;

/**
 * One request and its answer. It is the request as the rest of the server sees it: what few ask for is made when they do, since a viewer's
 * request costs little more than this.
 */
export class Exchange implements WireRequest {
  readonly id = randomUUID();
  readonly receivedAt = Date.now();
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly #baseUrlOf: BaseUrlOf;
  readonly #expectsContinue: boolean;
  #noBody: Readable | undefined;
  #gone: AbortController | undefined;
  #isGone = false;
  #endsWithHead = false;
  #release: (() => void) | undefined;

  /** @param expectsContinue whether the client waits for `100 Continue` before it sends the body */
  constructor(request: IncomingMessage, response: ServerResponse, baseUrlOf: BaseUrlOf, expectsContinue: boolean) {
    this.request = request;
    this.response = response;
    this.#baseUrlOf = baseUrlOf;
    this.#expectsContinue = expectsContinue;
  }

  get method(): string {
    return this.request.method!;
  }

  get target(): string {
    return originForm(this.request.url!);
  }

  get headers(): Readonly<IncomingHttpHeaders> {
    return this.request.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.request.rawHeaders;
  }

  get body(): Readable {
    if (hasBody(this.request)) return this.request;
    // Node has closed the stream of a request that announces no body (`optimizeEmptyRequests`).
    this.#noBody ??= Readable.from([]);
    return this.#noBody;
  }

  get baseUrl(): string {
    return this.#baseUrlOf(this.request);
  }

  get remoteAddress(): string {
    // A socket that listens on both families gives IPv4 addresses the form that they have in IPv6 (RFC 4291, section 2.5.5.2).
    return this.request.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, "") ?? "";
  }

  get signal(): AbortSignal {
    if (this.#gone === undefined) {
      this.#gone = new AbortController();
      if (this.#isGone) this.#gone.abort();
    }
    return this.#gone.signal;
  }

  /** Whether the client went away before it had the answer. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Whether the request has come to its end. */
  get isComplete(): boolean {
    return this.#endsWithHead || this.request.complete;
  }

  /**
   * Looks whether the request ends with its head, which is to be trusted: Node says that it is complete only when it has been handed over.
   * @returns whether it does
   */
  endWithHead(): boolean {
    this.#endsWithHead = !hasBody(this.request);
    return this.#endsWithHead;
  }

  /** Has something called once nothing of the answer's body is read any more. */
  lends(release: () => void): void {
    if (this.#isGone) release();
    else this.#release = release;
  }

  /** Says that the answer has come to its end, or the client went away before. */
  close(): void {
    if (!this.response.writableFinished) {
      this.#isGone = true;
      this.#gone?.abort();
    }
    this.#release?.();
    this.#release = undefined;
  }

  proceed(): void {
    if (this.#expectsContinue && !this.response.headersSent) this.response.writeContinue();
  }
}

/** Whether a request announces a body (RFC 9112, section 6.3), be it an empty one. */
const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
