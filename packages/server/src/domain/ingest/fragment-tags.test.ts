import assert from "node:assert/strict";
import { test } from "node:test";
import { type MatroskaTags, tags as writeTags } from "@kvass/media";
import { readFragmentTags } from "./fragment-tags.ts";

/** A Tags element as the reader tells it. */
function element(...pairs: [string, string][]): MatroskaTags {
  const simpleTags = pairs.map(([name, value], tag) => ({ name, value, tag, depth: 0 }));
  return { bytes: writeTags(pairs), simpleTags, beforeFirstCluster: false, offset: 0 };
}

test("an element of the producer's own tags is kept byte for byte", () => {
  const own = element(["site", "north"], ["door", "open"]);
  assert.deepEqual(readFragmentTags(own), { bytes: own.bytes, count: 2, endOfFragment: false });
});

test("signals and reserved names are taken out, events stay", () => {
  const mixed = element(
    ["AWS_KINESISVIDEO_END_OF_FRAGMENT", ""],
    ["site", "north"],
    ["AWS_KINESISVIDEO_NOTIFICATION", ""],
  );
  const kept = writeTags([
    ["site", "north"],
    ["AWS_KINESISVIDEO_NOTIFICATION", ""],
  ]);
  assert.deepEqual(readFragmentTags(mixed), { bytes: kept, count: 2, endOfFragment: true });
  const signal = element(["AWS_KINESISVIDEO_END_OF_FRAGMENT", ""]);
  assert.deepEqual(readFragmentTags(signal), { bytes: undefined, count: 0, endOfFragment: true });
});

test("nothing is kept of an element without tags", () => {
  assert.deepEqual(readFragmentTags(element()), { bytes: undefined, count: 0, endOfFragment: false });
});
