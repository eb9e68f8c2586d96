import { DomainError } from "../errors.ts";

/** What a page token may carry: the query that it continues and the position that it continues from. */
export type PageTokenField = string | number;

/**
 * An opaque token of the characters `[a-zA-Z0-9+/=]` that carries `fields`. `kind` names the list that it continues,
 * so that a token of one list is never taken for one of another.
 */
export function encodePageToken(kind: string, fields: readonly PageTokenField[]): string {
  return Buffer.from(JSON.stringify([kind, ...fields])).toString("base64");
}

/**
 * The fields of a token that `encodePageToken` made for `kind`, each of the type that `types` names for its place.
 * Anything else is a DomainError `invalid-argument`.
 */
export function decodePageToken(
  kind: string,
  token: string,
  types: readonly ("string" | "number")[],
): PageTokenField[] {
  const [tokenKind, ...fields] = parse(token);
  const fits =
    tokenKind === kind &&
    fields.length === types.length &&
    fields.every((field, place) => typeof field === types[place]) &&
    encodePageToken(kind, fields as PageTokenField[]) === token;
  if (!fits) throw new DomainError("invalid-argument", "NextToken is not valid for this request.");
  return fields as PageTokenField[];
}

function parse(token: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, "base64").toString());
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
