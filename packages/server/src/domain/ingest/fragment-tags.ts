import { type MatroskaTags, type TagPair, tags as writeTags } from "@kvass/media";

/** Names that begin so belong to Kinesis Video Streams; producers' own tags may not (AWS docs, "Using streaming metadata"). */
const RESERVED_PREFIX = "AWS";
const END_OF_FRAGMENT = "AWS_KINESISVIDEO_END_OF_FRAGMENT";
/** Reserved names by which a producer asks for something; they are the fragment's metadata and stay with it. */
const EVENTS = new Set([
  "AWS_KINESISVIDEO_IMAGE_GENERATION",
  "AWS_KINESISVIDEO_IMAGE_PREFIX",
  "AWS_KINESISVIDEO_NOTIFICATION",
]);

/** What a Tags element means for the fragment that it belongs to. */
export interface FragmentTags {
  /** The element as it is kept; undefined where nothing of it is. */
  readonly bytes: Uint8Array | undefined;
  /** Tags that are kept. */
  readonly count: number;
  /** Whether the producer says that the fragment is complete. */
  readonly endOfFragment: boolean;
}

const NOTHING: FragmentTags = Object.freeze({ bytes: undefined, count: 0, endOfFragment: false });

/**
 * Takes the signals and the reserved names out of a Tags element: what a chunk of GetMedia says about itself must come from the server
 * alone, also where the producer passes on what it got from another stream. An element without any is kept byte for byte; one that is empty
 * says nothing, and would only take space.
 */
export function readFragmentTags(tags: MatroskaTags): FragmentTags {
  const { simpleTags } = tags;
  if (simpleTags.length === 0) return NOTHING;
  const kept = simpleTags.filter(({ name }) => !name.startsWith(RESERVED_PREFIX) || EVENTS.has(name));
  const endOfFragment = simpleTags.some(({ name }) => name === END_OF_FRAGMENT);
  if (kept.length === simpleTags.length) return { bytes: tags.bytes, count: kept.length, endOfFragment };
  const pairs = kept.flatMap(({ name, value }): TagPair[] => (typeof value === "string" ? [[name, value]] : []));
  return { bytes: pairs.length === 0 ? undefined : writeTags(pairs), count: pairs.length, endOfFragment };
}
