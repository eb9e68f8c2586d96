import { DomainError, type DomainErrorCode } from "../domain/errors.ts";

/** A service's table from the failures of the product's rules to its modelled errors; a failure it leaves out stays opaque. */
export type ErrorTypes = Readonly<Partial<Record<DomainErrorCode, string>>>;

/** The code of a failure of the product's rules; undefined for any other error. */
export function codeOf(error: unknown): DomainErrorCode | undefined {
  return error instanceof DomainError ? error.code : undefined;
}
