import { ServiceError } from "../errors.ts";

/** What is wrong with a request's signature, for whoever runs the server: the client is told no more than AWS tells it. */
export type SignatureFault =
  | "not signed"
  | "malformed signature"
  | "unknown access key"
  | "wrong session token"
  | "wrong service"
  | "wrong region"
  | "wrong day"
  | "expired"
  | "not yet current"
  | "wrong signature"
  | "wrong body hash";

/** The request does not show who sent it. */
export class AuthenticationFailure extends ServiceError {
  readonly fault: SignatureFault;

  constructor(fault: SignatureFault, type: string, status: number, message: string) {
    super(type, status, message);
    this.fault = fault;
  }
}

/** 403: the request carries no signature. */
export function missingAuthentication(): AuthenticationFailure {
  const message = "The request is not signed: it has neither an Authorization header nor signature query parameters.";
  return new AuthenticationFailure("not signed", "MissingAuthenticationTokenException", 403, message);
}

/** 400: the request carries a signature that lacks a part or has one in the wrong form. */
export function incompleteSignature(what: string): AuthenticationFailure {
  const message = `The signature is incomplete or malformed: ${what}.`;
  return new AuthenticationFailure("malformed signature", "IncompleteSignatureException", 400, message);
}

/** 403: the access key is unknown, or the session token is not the one issued with it. */
export function unrecognizedClient(fault: "unknown access key" | "wrong session token"): AuthenticationFailure {
  const message =
    "The security token included in the request is invalid: the access key or session token is not known here.";
  return new AuthenticationFailure(fault, "UnrecognizedClientException", 403, message);
}

/** 403: well-formed, but not what the owner of the access key would have signed for this request, here and now. */
export function invalidSignature(fault: SignatureFault, message: string): AuthenticationFailure {
  return new AuthenticationFailure(fault, "InvalidSignatureException", 403, message);
}
