import type { ErrorTypes } from "../errors.ts";

/** The service's error for each failure of the product's rules. */
export const errorTypes: ErrorTypes = {
  "invalid-argument": "InvalidArgumentException",
  "invalid-resource-format": "InvalidArgumentException",
  "not-found": "ResourceNotFoundException",
  "client-limit": "ClientLimitExceededException",
  "not-authorized": "AccessDeniedException",
};
