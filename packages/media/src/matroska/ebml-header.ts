import { MatroskaError } from "./error.ts";
import { elementName, ID } from "./ids.ts";
import { type ElementSlice, stringOf, uintOf, visitChildren } from "./master.ts";

/** DocTypes that this library reads; WebM is a subset of Matroska. */
const DOC_TYPES: readonly string[] = ["matroska", "webm"];

/** Newest version of EBML and of Matroska whose files this library can read (RFC 8794, RFC 9559: version 4). */
const EBML_READ_VERSION = 1;
const DOC_TYPE_READ_VERSION = 4;

/** Children that an EBML header has once at most (RFC 8794, section 11.2). */
const ONCE: ReadonlySet<number> = new Set([
  ID.EBMLVersion,
  ID.EBMLReadVersion,
  ID.EBMLMaxIDLength,
  ID.EBMLMaxSizeLength,
  ID.DocType,
  ID.DocTypeVersion,
  ID.DocTypeReadVersion,
]);

interface Fields {
  readVersion: number;
  maxIdLength: number;
  maxSizeLength: number;
  docType: string | undefined;
  docTypeReadVersion: number;
}

function readFields(element: ElementSlice): Fields {
  const fields: Fields = {
    readVersion: 1,
    maxIdLength: 4,
    maxSizeLength: 8,
    docType: undefined,
    docTypeReadVersion: 1,
  };
  const seen = new Set<number>();
  visitChildren(element, (child) => {
    if (seen.has(child.id) && ONCE.has(child.id)) {
      throw new MatroskaError(
        "duplicate-element",
        elementName(child.id),
        child.base + child.start,
        "one in an EBML header",
      );
    }
    seen.add(child.id);
    if (child.id === ID.EBMLReadVersion) fields.readVersion = uintOf(child);
    else if (child.id === ID.EBMLMaxIDLength) fields.maxIdLength = uintOf(child);
    else if (child.id === ID.EBMLMaxSizeLength) fields.maxSizeLength = uintOf(child);
    else if (child.id === ID.DocType) fields.docType = stringOf(child);
    else if (child.id === ID.DocTypeReadVersion) fields.docTypeReadVersion = uintOf(child);
  });
  return fields;
}

/**
 * Checks an EBML header (RFC 8794, section 11.2) for being Matroska that this library can read, and returns its
 * DocType.
 */
export function parseEbmlHeader(element: ElementSlice): string {
  const { readVersion, maxIdLength, maxSizeLength, docType, docTypeReadVersion } = readFields(element);
  const fail = (code: "unsupported" | "missing-element", name: string, expectation: string): MatroskaError =>
    new MatroskaError(code, name, element.base, expectation);
  if (readVersion !== EBML_READ_VERSION) throw fail("unsupported", "EBMLReadVersion", `1, not ${readVersion}`);
  if (maxIdLength !== 4) throw fail("unsupported", "EBMLMaxIDLength", `4, not ${maxIdLength}`);
  if (maxSizeLength < 1 || maxSizeLength > 8)
    throw fail("unsupported", "EBMLMaxSizeLength", `1 to 8, not ${maxSizeLength}`);
  if (docType === undefined) throw fail("missing-element", "DocType", "a DocType in the EBML header");
  if (!DOC_TYPES.includes(docType)) throw fail("unsupported", "DocType", `${DOC_TYPES.join(" or ")}`);
  if (docTypeReadVersion > DOC_TYPE_READ_VERSION) {
    throw fail("unsupported", "DocTypeReadVersion", `at most ${DOC_TYPE_READ_VERSION}, not ${docTypeReadVersion}`);
  }
  return docType;
}
