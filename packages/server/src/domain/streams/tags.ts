import { DomainError } from "../errors.ts";

/** A stream's tags: keys of 1 to 128 characters, values of 0 to 256. */
export type Tags = Readonly<Record<string, string>>;

/** AWS docs, "TagStream": "Each stream can have up to 50 tags". */
export const MAX_TAGS = 50;
/** Keys that begin so belong to AWS (AWS docs, "Tag naming limits and requirements"): no caller may set or remove them. */
const RESERVED_PREFIX = /^aws:/i;

/**
 * `tags` with `added` laid over them: an existing key takes the new value. Throws DomainError `tags-limit` where more than
 * 50 would remain, `invalid-argument` for a reserved key.
 */
export function mergeTags(tags: Tags, added: Tags): Tags {
  for (const key of Object.keys(added)) {
    if (RESERVED_PREFIX.test(key)) {
      throw new DomainError("invalid-argument", `Tag key '${key}' begins with the reserved prefix 'aws:'.`);
    }
  }
  const merged = new Map([...Object.entries(tags), ...Object.entries(added)]);
  if (merged.size > MAX_TAGS) {
    throw new DomainError(
      "tags-limit",
      `A resource can have at most ${MAX_TAGS} tags; this would make ${merged.size}.`,
    );
  }
  return Object.fromEntries(merged);
}

/** `tags` without the keys in `removed`; keys that are not there are ignored. */
export function removeTags(tags: Tags, removed: readonly string[]): Tags {
  const gone = new Set(removed);
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key)));
}
