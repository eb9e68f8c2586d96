import { MatroskaError } from "./error.ts";
import { ID } from "./ids.ts";
import { binaryOf, type ElementSlice, stringOf, visitChildren } from "./master.ts";
import type { MatroskaSimpleTag } from "./model.ts";

/** How deep SimpleTags may nest: files from the shelf use 2 or 3 levels, and this keeps recursion shallow. */
export const MAX_TAG_DEPTH = 16;

/** Reads all SimpleTags of a Tags element (RFC 9559, section 5.1.8), at most `maxSimpleTags` of them. */
export function parseTags(element: ElementSlice, maxSimpleTags: number): MatroskaSimpleTag[] {
  const simpleTags: MatroskaSimpleTag[] = [];
  let tag = -1;
  const readSimpleTag = (parent: ElementSlice, depth: number): void => {
    const offset = parent.base + parent.start;
    if (depth === MAX_TAG_DEPTH) {
      throw new MatroskaError("limit-exceeded", "SimpleTag", offset, `at most ${MAX_TAG_DEPTH} levels of SimpleTags`);
    }
    if (simpleTags.length >= maxSimpleTags) {
      throw new MatroskaError("limit-exceeded", "SimpleTag", offset, `at most ${maxSimpleTags} SimpleTags`);
    }
    const simpleTag: MatroskaSimpleTag = { name: "", value: "", tag, depth };
    simpleTags.push(simpleTag);
    visitChildren(parent, (child) => {
      if (child.id === ID.TagName) simpleTag.name = stringOf(child);
      else if (child.id === ID.TagString) simpleTag.value = stringOf(child);
      else if (child.id === ID.TagBinary) simpleTag.value = binaryOf(child);
      else if (child.id === ID.SimpleTag) readSimpleTag(child, depth + 1);
    });
  };
  visitChildren(element, (child) => {
    if (child.id !== ID.Tag) return;
    tag++;
    visitChildren(child, (inner) => {
      if (inner.id === ID.SimpleTag) readSimpleTag(inner, 0);
    });
  });
  return simpleTags;
}
