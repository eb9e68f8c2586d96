import { serialization } from "../../errors.ts";

/** Deepest nesting of a request body. The deepest KVS input, an edge configuration, has five levels; MediaLive's channels about 15. */
export const MAX_JSON_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses a request body whose top level must be an object; an empty body counts as `{}`.
 * @throws ServiceError SerializationException for bytes that are not UTF-8 or JSON, nested too deep, or another type
 */
export function parseJsonObject(body: Uint8Array): Readonly<Record<string, unknown>> {
  if (body.length === 0) return {};
  if (isTooDeep(body)) throw serialization(`The request body is nested deeper than ${MAX_JSON_DEPTH} levels.`);
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(body));
  } catch {
    throw serialization("The request body is not valid JSON.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw serialization("The request body must be a JSON object.");
  }
  return value as Record<string, unknown>;
}

/** Counts brackets outside strings before anything is built, so that depth costs no stack and no memory. */
function isTooDeep(body: Uint8Array): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]!;
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > MAX_JSON_DEPTH) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return false;
}
