import { ServiceError } from "../errors.ts";

/** 403: the request carries no signature. */
export function missingAuthentication(): ServiceError {
  const message = "The request is not signed: it has neither an Authorization header nor signature query parameters.";
  return new ServiceError("MissingAuthenticationTokenException", 403, message);
}

/** 400: the request carries a signature that lacks a part or has one in the wrong form. */
export function incompleteSignature(what: string): ServiceError {
  return new ServiceError("IncompleteSignatureException", 400, `The signature is incomplete or malformed: ${what}.`);
}

/** 403: the access key is unknown, or the session token is not the one issued with it. */
export function unrecognizedClient(): ServiceError {
  const message =
    "The security token included in the request is invalid: the access key or session token is not known here.";
  return new ServiceError("UnrecognizedClientException", 403, message);
}

/** 403: well-formed, but not what the owner of the access key would have signed for this request, here and now. */
export function invalidSignature(message: string): ServiceError {
  return new ServiceError("InvalidSignatureException", 403, message);
}
