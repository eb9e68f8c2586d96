import { createServer, IncomingMessage, type Server, type ServerOptions, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { WireRequest, WireResponse } from "../../aws/wire.ts";
import { baseUrlOf } from "./base-url.ts";
import { Connection } from "./connection.ts";
import { preflightHeaders } from "./cors.ts";
import { type BaseUrlOf, Exchange } from "./exchange.ts";
import { type AnswerHead, headOf } from "./head.ts";
import { DEFAULT_LIMITS, type HttpLimits } from "./limits.ts";
import { originForm } from "./origin-form.ts";
import { refusalOf, refuseConnection } from "./refuse.ts";
import { finished, linger, sendStream } from "./send.ts";
import { isWhole, sendWhole } from "./send-whole.ts";
import { StreamedRequest } from "./streamed-request.ts";
import { ProgressWatch } from "./watch.ts";

/** How often Node looks for headers that are late. */
const HEADERS_CHECK_MS = 2_000;
/** TCP keep-alive probes start after this much silence, so that producers that lost power are noticed. */
const TCP_KEEP_ALIVE_MS = 60_000;

/** What asks for `100 Continue` (RFC 9110, section 10.1.1). */
const EXPECTS_CONTINUE = /^100-continue$/i;

const ignore = (): void => undefined;

/** What a listener needs. */
export interface ListenerOptions {
  /** Answers requests; must not reject or throw, and is answered for with a bare 500 if it does. */
  readonly answer: (request: WireRequest) => Promise<WireResponse> | WireResponse;
  /**
   * Whether a request of this method and target has a body that goes on like a stream. Where such a body is chunked, it is read straight from the
   * socket, and its connection ends with its answer.
   */
  readonly streamsBody?: ((method: string, target: string) => boolean) | undefined;
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
  readonly #connections = new Map<Duplex, Connection>();
  readonly #baseUrlOf: BaseUrlOf = (request) => this.#options.publicUrl ?? this.#arrivalOf(request);
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
      // What has no body has no stream of one either: its events would be a tenth of what a viewer's request costs.
      optimizeEmptyRequests: true,
      IncomingMessage: this.#messageClass(),
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
    // Of TLS this is another socket than the connection's, and the one that requests come on.
    server.on("secureConnection", (socket: Socket) => this.#track(socket));
    server.on("request", (request, response) => this.#exchange(request, response, false));
    server.on("checkContinue", (request, response) => this.#exchange(request, response, true));
    // Whatever else a client expects, the server may leave undone (RFC 9110, section 10.1.1).
    server.on("checkExpectation", (request, response) => this.#exchange(request, response, false));
    server.on("clientError", (error, socket) => this.#refuse(error, socket));
    server.on("upgrade", (head: IncomingMessage, socket: Socket, first: Buffer) => this.#stream(head, socket, first));
    return server;
  }

  /**
   * The requests that Node makes. It lets go of a connection, and hands it over with what it has read behind the headers, where the request says
   * that it is an upgrade; so do requests whose body is to be read from the socket, and no others: who asks for another protocol is answered in
   * this one (RFC 9110, section 7.8). Were Node to look for that elsewhere one day, all requests would take its own way, only slower.
   */
  #messageClass(): typeof IncomingMessage {
    // Who asks for a tunnel sends no more HTTP: Node closes such a connection (RFC 9110, section 9.3.6).
    const leaves = (request: IncomingMessage): boolean => request.method === "CONNECT" || this.#streams(request);
    return class extends IncomingMessage {
      #upgrade: boolean | undefined;
      get upgrade(): boolean {
        this.#upgrade ??= leaves(this);
        return this.#upgrade;
      }
      set upgrade(_asked: unknown) {
        // What the client asks for is of no concern.
      }
    };
  }

  /** Whether the body of a request is to be read from the socket: it is a stream, chunked in no other way, and no earlier answer is on its way. */
  #streams({ method, url, headers, socket }: IncomingMessage): boolean {
    if (method !== "POST" || this.#options.streamsBody?.(method, originForm(url!)) !== true) return false;
    const newest = this.#connections.get(socket)?.newest;
    const answers = newest !== undefined && !newest.writableFinished;
    return !answers && headers["transfer-encoding"]?.toLowerCase() === "chunked" && headers.upgrade === undefined;
  }

  #stream(head: IncomingMessage, socket: Socket, first: Buffer): void {
    const request = new StreamedRequest(head, socket);
    if (request.socket !== socket) this.#track(request.socket);
    const response = answerTo(request);
    const refuse = (error: Error): void => this.#refuse(error, request.socket);
    request.socket.on("error", refuse);
    this.#exchange(request, response, EXPECTS_CONTINUE.test(head.headers.expect ?? ""));
    request.begin(first, refuse);
  }

  #track(socket: Socket): Connection {
    // Sockets keep it once they were asked, and have none to tell when they are gone: of those that vanish it is wanted most.
    void socket.remoteAddress;
    const connection = new Connection(socket);
    this.#connections.set(socket, connection);
    socket.once("close", () => this.#connections.delete(socket));
    return connection;
  }

  /** Refuses bytes that are no request when all before them have their answers: clients take what comes first for that of their first request. */
  #refuse(error: Error, socket: Duplex): void {
    const connection = this.#connections.get(socket);
    const newest = connection?.newest;
    if (
      connection === undefined ||
      newest === undefined ||
      newest.writableFinished ||
      !newest.req.complete ||
      !socket.writable
    ) {
      refuseConnection(error, socket, newest !== undefined && isAnswering(newest));
      return;
    }
    // Node tells again of whatever else comes on the connection.
    if (connection.isRefused) return;
    connection.isRefused = true;
    newest.once("finish", () => {
      if (socket.writable) refuseConnection(error, socket, false);
    });
  }

  #cutAll(): void {
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  /**
   * One request and its answer, at once where that is there and the request ends with its head, as those of viewers do. Nothing that goes wrong in
   * here reaches the process.
   */
  #exchange(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const exchange = new Exchange(request, response, this.#baseUrlOf, expectsContinue);
    this.#begin(exchange);
    const failed = (error: unknown): void => this.#failed(exchange, error);
    try {
      const refusal = refusalOf(request, this.#limits.maxHeaders);
      const answer = refusal === undefined ? this.#answer(exchange) : this.#refusing(exchange, refusal);
      const isThere = !(answer instanceof Promise) && refusal === undefined && exchange.endWithHead();
      const rest = isThere
        ? this.#send(exchange, answer)
        : Promise.resolve(answer).then((found) => this.#send(exchange, found));
      rest?.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #begin(exchange: Exchange): void {
    const { request, response } = exchange;
    const watched = this.#watch.add(request, response);
    const { socket } = request;
    const connection = this.#connections.get(socket) ?? this.#track(socket);
    connection.begin(response);
    response.on("close", () => {
      this.#watch.remove(watched);
      connection.end();
      exchange.close();
      if (this.#draining) this.#server.closeIdleConnections();
    });
    request.on("error", ignore);
  }

  /** Sends an answer; undefined where nothing is left to be done then but what the connection does by itself. */
  #send(exchange: Exchange, { status, headers, body, release }: WireResponse): Promise<void> | undefined {
    const { id, response } = exchange;
    if (release !== undefined) exchange.lends(release);
    const closes = this.#takeOverClosing(exchange);
    const head = { id, status, headers };
    if (!isWhole(body)) return this.#sendStream(exchange, head, body, closes);
    sendWhole(response, head, body, { closes, keepAliveMs: this.#limits.keepAliveMs });
    return isRead(exchange) && !closes ? undefined : this.#linger(exchange, () => closes);
  }

  async #sendStream(
    exchange: Exchange,
    head: AnswerHead,
    body: AsyncIterable<Uint8Array>,
    closes: boolean,
  ): Promise<void> {
    const { request, response, signal } = exchange;
    await sendStream(response.writeHead(head.status, headOf(head)), body, signal);
    if (!isRead(exchange) || closes) await this.#linger(exchange, () => closes || !request.complete);
  }

  /** @param isLast whether no further request is wanted, by then */
  async #linger({ request, response, signal }: Exchange, isLast: () => boolean): Promise<void> {
    await finished(response, signal);
    linger(request, isLast(), this.#limits);
  }

  #failed(exchange: Exchange, error: unknown): void {
    if (!exchange.isGone) this.#options.onError(error, exchange.id);
    this.#fail(exchange);
  }

  /**
   * Node destroys the socket behind the last answer of a connection, and with it an answer that a client which is still sending has not
   * read: for such a client {@link linger} closes it instead.
   * @returns whether it must
   */
  #takeOverClosing({ request, response, isComplete }: Exchange): boolean {
    if (request instanceof StreamedRequest) return true;
    const last = this.#draining || !response.shouldKeepAlive;
    response.shouldKeepAlive = !last || !isComplete;
    if (!last || isComplete) return false;
    response.removeHeader("Connection");
    return true;
  }

  #refusing({ response }: Exchange, refusal: WireResponse): WireResponse {
    // Who sends such a head is not trusted to frame the next request right.
    response.shouldKeepAlive = false;
    return refusal;
  }

  #answer(exchange: Exchange): Promise<WireResponse> | WireResponse {
    const { request } = exchange;
    if (request.method === "OPTIONS") return { status: 200, headers: preflightHeaders(request.headers), body: "" };
    return this.#options.answer(exchange);
  }

  /** After the headers nothing can be said any more but that the answer is not whole; what was produced of it is still sent. */
  #fail({ id, request, response, isComplete }: Exchange): void {
    const headers = { "x-amzn-ErrorType": "InternalFailure", "Content-Length": "0" };
    if (!response.headersSent) response.writeHead(500, headOf({ id, status: 500, headers })).end();
    else if (isComplete) request.socket.destroySoon();
    else linger(request, true, this.#limits);
  }

  #arrivalOf(request: IncomingMessage): string {
    const { localAddress = "127.0.0.1", localPort = 0 } = request.socket;
    const scheme = this.#options.tls === undefined ? "http" : "https";
    return baseUrlOf({ scheme, host: request.headers.host, localAddress, localPort });
  }
}

/** The answer to a request on a connection that Node has let go of: the last one. */
function answerTo(request: StreamedRequest): ServerResponse {
  const { socket } = request;
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  socket.on("drain", () => response.emit("drain"));
  return response;
}

/** Whether a request has come to its end and nothing of it is left to be read. */
const isRead = ({ request, isComplete }: Exchange): boolean => isComplete && request.readableLength === 0;

/** Whether part of an answer is out, or one before it is to come, so that anything else would be taken for that. */
const isAnswering = ({ headersSent, writableFinished, socket }: ServerResponse): boolean =>
  !writableFinished && (headersSent || socket === null);
