import {
  ClientLimitExceededException$,
  InvalidArgumentException$,
  InvalidClientException$,
  NotAuthorizedException$,
  ResourceNotFoundException$,
  SessionExpiredException$,
} from "@aws-sdk/client-kinesis-video-signaling";
import type { ErrorTypes } from "../errors.ts";

/** The errors that a signaling channel's HTTPS operations model. */
export const errors = [
  ClientLimitExceededException$,
  InvalidArgumentException$,
  InvalidClientException$,
  NotAuthorizedException$,
  ResourceNotFoundException$,
  SessionExpiredException$,
] as const;

/** Their error for each failure of the product's rules. */
export const errorTypes: ErrorTypes = {
  "invalid-argument": "InvalidArgumentException",
  "invalid-resource-format": "InvalidArgumentException",
  "not-found": "ResourceNotFoundException",
  "client-limit": "ClientLimitExceededException",
  "not-authorized": "NotAuthorizedException",
};
