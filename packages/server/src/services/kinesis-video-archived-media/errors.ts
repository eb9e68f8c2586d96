import {
  ClientLimitExceededException$,
  InvalidArgumentException$,
  InvalidCodecPrivateDataException$,
  InvalidMediaFrameException$,
  MissingCodecPrivateDataException$,
  NoDataRetentionException$,
  NotAuthorizedException$,
  ResourceNotFoundException$,
  UnsupportedStreamMediaTypeException$,
} from "@aws-sdk/client-kinesis-video-archived-media";
import type { ErrorTypes } from "../errors.ts";

/** The errors that the archive models. */
export const errors = [
  ClientLimitExceededException$,
  InvalidArgumentException$,
  InvalidCodecPrivateDataException$,
  InvalidMediaFrameException$,
  MissingCodecPrivateDataException$,
  NoDataRetentionException$,
  NotAuthorizedException$,
  ResourceNotFoundException$,
  UnsupportedStreamMediaTypeException$,
] as const;

/** The archive's error for each failure of the product's rules: a stream that is not active counts as not found. */
export const errorTypes: ErrorTypes = {
  "invalid-argument": "InvalidArgumentException",
  "invalid-resource-format": "InvalidArgumentException",
  "stream-not-found": "ResourceNotFoundException",
  "stream-not-active": "ResourceNotFoundException",
  "not-found": "ResourceNotFoundException",
  // The API knows no failure of the service that a client can do something about; the message says what.
  "no-decoder": "InvalidArgumentException",
  // These the SDKs retry, by when there may be room again; none of the modelled ones is.
  "decoder-unavailable": "ServiceUnavailable",
  "archive-unavailable": "ServiceUnavailable",
  "no-data-retention": "NoDataRetentionException",
  "connection-limit": "ClientLimitExceededException",
  "client-limit": "ClientLimitExceededException",
  "not-authorized": "NotAuthorizedException",
  "unsupported-media": "UnsupportedStreamMediaTypeException",
  "missing-codec-data": "MissingCodecPrivateDataException",
  "invalid-codec-data": "InvalidCodecPrivateDataException",
  "invalid-media-frame": "InvalidMediaFrameException",
};
