import {
  AccessDeniedException$,
  AccountChannelLimitExceededException$,
  AccountStreamLimitExceededException$,
  ClientLimitExceededException$,
  DeviceStreamLimitExceededException$,
  InvalidArgumentException$,
  InvalidDeviceException$,
  InvalidResourceFormatException$,
  NoDataRetentionException$,
  NotAuthorizedException$,
  ResourceInUseException$,
  ResourceNotFoundException$,
  StreamEdgeConfigurationNotFoundException$,
  TagsPerResourceExceededLimitException$,
  VersionMismatchException$,
} from "@aws-sdk/client-kinesis-video";
import type { ErrorTypes } from "../errors.ts";

/** The errors that the control plane models. */
export const errors = [
  AccessDeniedException$,
  AccountChannelLimitExceededException$,
  AccountStreamLimitExceededException$,
  ClientLimitExceededException$,
  DeviceStreamLimitExceededException$,
  InvalidArgumentException$,
  InvalidDeviceException$,
  InvalidResourceFormatException$,
  NoDataRetentionException$,
  NotAuthorizedException$,
  ResourceInUseException$,
  ResourceNotFoundException$,
  StreamEdgeConfigurationNotFoundException$,
  TagsPerResourceExceededLimitException$,
  VersionMismatchException$,
] as const;

/** The control plane's error for each failure of the product's rules. */
export const errorTypes: ErrorTypes = {
  "invalid-argument": "InvalidArgumentException",
  "invalid-resource-format": "InvalidResourceFormatException",
  "stream-not-found": "ResourceNotFoundException",
  "not-found": "ResourceNotFoundException",
  "stream-exists": "ResourceInUseException",
  "stream-not-active": "ResourceInUseException",
  "stream-limit": "AccountStreamLimitExceededException",
  // No modelled error blames the server. This one the SDKs retry, by when there may be space again.
  "storage-full": "ServiceUnavailable",
  "version-mismatch": "VersionMismatchException",
  "tags-limit": "TagsPerResourceExceededLimitException",
  "no-data-retention": "NoDataRetentionException",
  "client-limit": "ClientLimitExceededException",
  "not-authorized": "NotAuthorizedException",
};
