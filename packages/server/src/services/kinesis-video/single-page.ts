import { DomainError } from "../../domain/errors.ts";

/** Refuses a NextToken to an operation whose answer always fits one page: none was ever given out. */
export function refuseToken(token: string | undefined): void {
  if (token === undefined || token === "") return;
  throw new DomainError("invalid-argument", "NextToken is not valid for this request.");
}
