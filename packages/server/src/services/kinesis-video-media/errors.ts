import {
  ClientLimitExceededException$,
  ConnectionLimitExceededException$,
  InvalidArgumentException$,
  InvalidEndpointException$,
  NotAuthorizedException$,
  ResourceNotFoundException$,
} from "@aws-sdk/client-kinesis-video-media";
import type { ErrorTypes } from "../errors.ts";

/** The errors that the media plane models. */
export const errors = [
  ClientLimitExceededException$,
  ConnectionLimitExceededException$,
  InvalidArgumentException$,
  InvalidEndpointException$,
  NotAuthorizedException$,
  ResourceNotFoundException$,
] as const;

/** The media plane's error for each failure of the product's rules: a stream that is not active counts as not found. */
export const errorTypes: ErrorTypes = {
  "invalid-argument": "InvalidArgumentException",
  "invalid-resource-format": "InvalidArgumentException",
  "stream-not-found": "ResourceNotFoundException",
  "stream-not-active": "ResourceNotFoundException",
  "not-found": "ResourceNotFoundException",
  "connection-limit": "ConnectionLimitExceededException",
  "client-limit": "ClientLimitExceededException",
  "not-authorized": "NotAuthorizedException",
};
