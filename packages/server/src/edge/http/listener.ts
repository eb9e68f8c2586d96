import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { WireRequest, WireResponse } from "../../aws/wire.ts";
import { baseUrlOf } from "./base-url.ts";
import { CORS_HEADERS, preflightHeaders } from "./cors.ts";
import { DEFAULT_LIMITS, type HttpLimits } from "./limits.ts";
import { originForm } from "./origin-form.ts";
import { refusalOf, refuseConnection } from "./refuse.ts";
import { finished, isRead, isWhole, linger, sendResponse } from "./send.ts";
import { ProgressWatch } from "./watch.ts";

/** How often Node looks for headers that are late. */
const HEADERS_CHECK_MS = 2_000;
/** TCP keep-alive probes start after this much silence, so that producers that lost power are noticed. */
const TCP_KEEP_ALIVE_MS = 60_000;

/** What a listener needs. */
export interface ListenerOptions {
  /** Answers requests; must not reject, and is answered for with a bare 500 if it does. */
  readonly answer: (request: WireRequest) => Promise<WireResponse>;
  /** Told of what went wrong after the answer's headers were sent, and of an `answer` that rejected. */
  readonly onError: (error: unknown, requestId: string) => void;
  /** `scheme://host[:port]` to hand out in endpoints; taken from each request where absent. */
  readonly publicUrl?: string | undefined;
  /** PEM texts: HTTPS where present. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer } | undefined;
  readonly limits?: HttpLimits | undefined;
}

/** One port that speaks HTTP/1.1, with or without TLS. PutMedia needs both directions of a connection at once, which is why not HTTP/2. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #limits: HttpLimits;
  readonly #server: Server;
  readonly #watch: ProgressWatch;
  readonly #sockets = new Set<Socket>();
  /** The newest answer of each connection. */
  readonly #newest = new WeakMap<Duplex, ServerResponse>();
  #draining = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    this.#watch = new ProgressWatch(this.#limits);
    this.#server = this.#createServer();
  }

  /**
   * Starts to accept connections.
   * @param port 0 picks a free one
   * @returns the address in use
   * @throws Error EADDRINUSE, EACCES, ...
   */
  listen(host: string, port: number): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", reject);
        resolve(this.#server.address() as AddressInfo);
      });
    });
  }

  /** Requests that have not been answered to the end. */
  get inFlight(): number {
    return this.#watch.size;
  }

  /**
   * Stops accepting connections, waits for the requests in hand, and cuts what is left.
   * @param graceMs milliseconds to wait for requests in hand
   */
  async close(graceMs: number): Promise<void> {
    this.#draining = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const timer = setTimeout(() => this.#cutAll(), graceMs);
    await closed;
    clearTimeout(timer);
    this.#watch.close();
  }

  #createServer(): Server {
    const limits = this.#limits;
    const options: ServerOptions = {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      // Node's default of five minutes would cut every PutMedia.
      requestTimeout: 0,
      connectionsCheckingInterval: HEADERS_CHECK_MS,
      keepAliveTimeout: limits.keepAliveMs,
      noDelay: true,
      keepAlive: true,
      requireHostHeader: false,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    };
    const { tls } = this.#options;
    const server =
      tls === undefined
        ? createServer(options)
        : createTlsServer({ ...options, ...tls, ALPNProtocols: ["http/1.1"], minVersion: "TLSv1.2" });
    // One more than allowed, so that a request with too many is told from one that has just as many.
    server.maxHeadersCount = limits.maxHeaders + 1;
    server.maxConnections = limits.maxConnections;
    server.on("connection", (socket: Socket) => this.#track(socket));
    server.on("request", (request, response) => void this.#exchange(request, response, false));
    server.on("checkContinue", (request, response) => void this.#exchange(request, response, true));
    // Whatever else a client expects, the server may leave undone (RFC 9110, section 10.1.1).
    server.on("checkExpectation", (request, response) => void this.#exchange(request, response, false));
    server.on("clientError", (error, socket) => refuseConnection(error, socket, this.#isAnswering(socket)));
    return server;
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  /** Whether part of an answer is out on a connection, so that anything else would be taken for more of it. */
  #isAnswering(socket: Duplex): boolean {
    const response = this.#newest.get(socket);
    return response?.headersSent === true && !response.writableFinished;
  }

  #cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** One request and its answer. Nothing that goes wrong in here reaches the process. */
  async #exchange(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): Promise<void> {
    const id = randomUUID();
    this.#watch.add(request, response);
    this.#newest.set(request.socket, response);
    const gone = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) gone.abort();
      if (this.#draining) this.#server.closeIdleConnections();
    });
    request.on("error", () => undefined);
    try {
      const answer = await this.#answer(request, response, { id, signal: gone.signal, expectsContinue });
      const closes = this.#takeOverClosing(request, response);
      await sendResponse(response, { ...answer, headers: this.#headers(id, answer.headers) }, gone.signal);
      if (isRead(request) && !closes) return;
      await finished(response, gone.signal);
      linger(request, closes || (!isWhole(answer.body) && !request.complete), this.#limits);
    } catch (error) {
      if (!gone.signal.aborted) this.#options.onError(error, id);
      this.#fail(request, response, id);
    }
  }

  /**
   * Node destroys the socket behind the last answer of a connection, and with it an answer that a client which is still sending has not
   * read: for such a client {@link linger} closes it instead.
   * @returns whether it must
   */
  #takeOverClosing(request: IncomingMessage, response: ServerResponse): boolean {
    const last = this.#draining || !response.shouldKeepAlive;
    response.shouldKeepAlive = !last || !request.complete;
    if (!last || request.complete) return false;
    response.removeHeader("Connection");
    return true;
  }

  #answer(
    request: IncomingMessage,
    response: ServerResponse,
    { id, signal, expectsContinue }: { id: string; signal: AbortSignal; expectsContinue: boolean },
  ): Promise<WireResponse> | WireResponse {
    const refusal = refusalOf(request, this.#limits.maxHeaders);
    if (refusal !== undefined) {
      // Who sends such a head is not trusted to frame the next request right.
      response.shouldKeepAlive = false;
      return refusal;
    }
    if (request.method === "OPTIONS") {
      return { status: 200, headers: preflightHeaders(request.headers), body: "" };
    }
    return this.#options.answer({
      id,
      method: request.method!,
      target: originForm(request.url!),
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      body: request,
      baseUrl: this.#options.publicUrl ?? this.#baseUrl(request),
      receivedAt: Date.now(),
      signal,
      proceed: () => {
        if (expectsContinue && !response.headersSent) response.writeContinue();
      },
    });
  }

  /** After the headers nothing can be said any more but that the answer is not whole; what was produced of it is still sent. */
  #fail(request: IncomingMessage, response: ServerResponse, id: string): void {
    const headers = { "x-amzn-ErrorType": "InternalFailure", "Content-Length": "0" };
    if (!response.headersSent) response.writeHead(500, this.#headers(id, headers)).end();
    else if (request.complete) request.socket.destroySoon();
    else linger(request, true, this.#limits);
  }

  /** All headers of an answer in one object: Node writes that out faster than headers set one by one. */
  #headers(id: string, own: Readonly<Record<string, string>>): Record<string, string> {
    return { Server: "Kvass", "x-amzn-RequestId": id, ...CORS_HEADERS, ...own };
  }

  #baseUrl(request: IncomingMessage): string {
    const { localAddress = "127.0.0.1", localPort = 0 } = request.socket;
    const scheme = this.#options.tls === undefined ? "http" : "https";
    return baseUrlOf({ scheme, host: request.headers.host, localAddress, localPort });
  }
}
