import { setTimeout as sleep } from "node:timers/promises";
import { readWholeBody } from "./body.ts";
import { COMMON_ERRORS, internalFailure, notImplemented, ServiceError } from "./errors.ts";
import type { Principal, RequestContext } from "./handler.ts";
import { decodeInput, InvalidText } from "./protocols/rest-json/decode.ts";
import { encodeError, encodeOutput } from "./protocols/rest-json/encode.ts";
import { type Route, Router } from "./router.ts";
import type { Operation, Service } from "./service.ts";
import {
  type Claim,
  claimedKeyId,
  pathOf,
  queryOf,
  readClaim,
  type SignedRequest,
  scopedService,
} from "./sigv4/claim.ts";
import {
  AuthenticationFailure,
  missingAuthentication,
  type SignatureFault,
  unrecognizedClient,
} from "./sigv4/failures.ts";
import { streamedBodyHashes, wholeBodyHashes } from "./sigv4/payload.ts";
import { SigningKeys } from "./sigv4/signing-keys.ts";
import { type CredentialLookup, checkScope, checkSignature, checkTime, checkToken } from "./sigv4/verify.ts";
import { validate } from "./validation/validate.ts";
import type { WireRequest, WireResponse } from "./wire.ts";

/** A request that was refused because of who sent it, or because that did not show. */
export interface Refusal {
  readonly requestId: string;
  readonly reason: SignatureFault | "not authorized";
  /** As the request has it, unchecked; absent where it has none. */
  readonly accessKeyId?: string;
  readonly remoteAddress: string;
  readonly service: string;
  readonly operation: string;
  /** What the client was told, but of a malformed signature, whose parts are nobody else's business. */
  readonly message?: string;
}

/** What a gate needs of the house around it. */
export interface GateOptions {
  readonly services: readonly Service[];
  /** Region that signatures must be scoped to. */
  readonly region: string;
  readonly credentials: CredentialLookup;
  /** Decides whether a caller may do an action on a resource. */
  authorize(principal: Principal, action: string, resource: string): boolean;
  /** Told of every error that is the server's own, with the id that the client got. */
  onInternalError(error: unknown, request: { readonly requestId: string; readonly operation: string }): void;
  /** Told of every request that is refused because of who sent it. */
  onRefused?(refusal: Refusal): void;
  /** Milliseconds since the epoch; the system clock where absent. */
  readonly clock?: () => number;
  /**
   * Milliseconds for which errors of operations that take a stream are held back. C producers answer each with a new request at
   * once, seventy a second. Default {@link STREAM_ERROR_DELAY_MS}.
   */
  readonly streamErrorDelayMs?: number;
}

/** Default of {@link GateOptions.streamErrorDelayMs}. */
export const STREAM_ERROR_DELAY_MS = 1000;

/** The one way in: every request to every service passes here, and nothing is reachable beside it. */
export class Gate {
  readonly #options: GateOptions;
  readonly #router: Router;
  readonly #keys = new SigningKeys();
  readonly #now: () => number;

  /** @throws Error where two operations cannot be told apart */
  constructor(options: GateOptions) {
    this.#options = options;
    this.#router = new Router(options.services);
    this.#now = options.clock ?? Date.now;
  }

  /**
   * Answers a request. Never rejects: whatever goes wrong becomes a modelled error.
   * @returns the answer, whose body may go on for as long as the operation does
   */
  async answer(request: WireRequest): Promise<WireResponse> {
    let route: Route | undefined;
    try {
      route = this.#route(request);
      return await this.#perform(route, request);
    } catch (error) {
      return this.#refuse(error, route?.operation, request);
    }
  }

  /** Whether a request takes its body as a stream, as far as its first line tells. */
  streamsInput(method: string, target: string): boolean {
    return this.#router.streamsInput(method, pathOf(target));
  }

  async #perform(route: Route, request: WireRequest): Promise<WireResponse> {
    const { operation } = route;
    const { principal, body } = await this.#authenticate(operation, request);
    const input = decode(route, request, body);
    check(operation, input);
    this.#authorize(operation, input, principal, request);
    const output = await this.#invoke(operation, input, principal, request);
    return encodeOutput(operation.output, operation.status, output);
  }

  #route(request: WireRequest): Route {
    return this.#router.find(scopedService(request), request.method, pathOf(request.target));
  }

  /** The body is read here where it must be hashed, after everything that can be checked without it. */
  async #authenticate(operation: Operation, request: WireRequest): Promise<{ principal: Principal; body: Uint8Array }> {
    const claim = readClaim(request);
    if (claim === undefined) throw missingAuthentication();
    checkScope(claim, { region: this.#options.region, service: operation.service.signingName });
    checkTime(claim, this.#now());
    const credential = await this.#options.credentials(claim.accessKeyId);
    if (credential === undefined) throw unrecognizedClient("unknown access key");
    checkToken(claim, credential);
    const { body, hashes } = await readPayload(operation, claim, request);
    checkSignature(request, claim, credential, hashes, { keys: this.#keys });
    return { principal: credential.principal, body };
  }

  #authorize(
    operation: Operation,
    input: Readonly<Record<string, unknown>>,
    principal: Principal,
    request: WireRequest,
  ): void {
    const { region } = this.#options;
    const { action } = operation.access;
    const resource = operation.access.resource(input, { accountId: principal.accountId, region });
    if (this.#options.authorize(principal, action, resource)) return;
    const message = `${principal.arn} is not authorized to perform ${action} on ${resource}.`;
    this.#tellRefused(request, operation, "not authorized", message);
    throw operation.service.denied(operation, message);
  }

  async #invoke(
    operation: Operation,
    input: Readonly<Record<string, unknown>>,
    principal: Principal,
    request: WireRequest,
  ): Promise<Readonly<Record<string, unknown>>> {
    if (operation.handler === undefined) throw notImplemented(operation.name);
    if (operation.streamsInput) request.proceed();
    const context: RequestContext = {
      requestId: request.id,
      principal,
      service: operation.service.name,
      operation: operation.name,
      region: this.#options.region,
      baseUrl: request.baseUrl,
      remoteAddress: request.remoteAddress,
      signal: request.signal,
      receivedAt: request.receivedAt,
      headers: request.headers,
    };
    return operation.handler(input, context);
  }

  async #refuse(error: unknown, operation: Operation | undefined, request: WireRequest): Promise<WireResponse> {
    const refusal = error instanceof ServiceError ? error : operation?.service.translate(error);
    if (error instanceof AuthenticationFailure && operation !== undefined) {
      const { fault, message } = error;
      this.#tellRefused(request, operation, fault, fault === "malformed signature" ? undefined : message);
    }
    const isServersFault = refusal === undefined || COMMON_ERRORS.has(refusal.type);
    if (isServersFault && !request.signal.aborted) {
      this.#options.onInternalError(error, { requestId: request.id, operation: operation?.name ?? "unknown" });
    }
    if (operation?.streamsInput) await this.#holdBack(request.signal);
    return encodeError(refusal ?? internalFailure(error));
  }

  #tellRefused(
    request: WireRequest,
    { name, service }: Operation,
    reason: Refusal["reason"],
    message: string | undefined,
  ): void {
    const accessKeyId = claimedKeyId(request);
    this.#options.onRefused?.({
      requestId: request.id,
      reason,
      ...(accessKeyId !== undefined && { accessKeyId }),
      remoteAddress: request.remoteAddress,
      service: service.name,
      operation: name,
      ...(message !== undefined && { message }),
    });
  }

  /** Waits, unless the client goes away first. */
  async #holdBack(signal: AbortSignal): Promise<void> {
    const delay = this.#options.streamErrorDelayMs ?? STREAM_ERROR_DELAY_MS;
    await sleep(delay, undefined, { signal }).catch(() => undefined);
  }
}

/** The body where it is read whole, and what the canonical request may end with. */
async function readPayload(
  operation: Operation,
  claim: Claim,
  request: WireRequest & SignedRequest,
): Promise<{ body: Uint8Array; hashes: string[] }> {
  if (operation.streamsInput) return { body: new Uint8Array(0), hashes: streamedBodyHashes(claim.contentHash) };
  request.proceed();
  const body = await readWholeBody(request.body);
  return { body, hashes: wholeBodyHashes(body, claim.contentHash) };
}

function decode({ operation, labels }: Route, request: WireRequest, body: Uint8Array): Record<string, unknown> {
  const { headers, body: stream } = request;
  const query = new URLSearchParams(queryOf(request.target));
  try {
    return decodeInput(operation.input, { headers, query, labels, body, stream });
  } catch (error) {
    throw error instanceof InvalidText ? operation.service.invalidInput(error.message) : error;
  }
}

function check(operation: Operation, input: Readonly<Record<string, unknown>>): void {
  const message = validate(operation.input, input);
  if (message !== undefined) throw operation.service.invalidInput(message);
}
