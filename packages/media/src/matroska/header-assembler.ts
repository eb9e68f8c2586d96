import { ByteCollector } from "../bytes/byte-collector.ts";
import { parseEbmlHeader } from "./ebml-header.ts";
import { MatroskaError } from "./error.ts";
import type { MatroskaLimits, MatroskaStreamHandler } from "./handler.ts";
import { elementName, ID } from "./ids.ts";
import { DEFAULT_INFO, parseInfo, type SegmentInfo } from "./info.ts";
import { wholeElement } from "./master.ts";
import type { MatroskaTags, MatroskaTrack } from "./model.ts";
import { parseTags } from "./tags.ts";
import { parseTracks } from "./tracks.ts";

/** Tags elements before the first Cluster that are held until the header is told; files have one or two. */
const MAX_HELD_TAGS = 256;

/**
 * Buffers and parses the elements that are read whole: the EBML header, the Segment's header elements, and Tags. Each comes as `begin`, its bytes
 * by `append`, and `finish`.
 */
export class HeaderAssembler {
  readonly #handler: MatroskaStreamHandler;
  readonly #limits: MatroskaLimits;
  #element = new ByteCollector();
  #elementOffset = 0;
  #segmentElements = new ByteCollector();
  #ebmlHeader: Uint8Array = new Uint8Array(0);
  #docType = "";
  #info: SegmentInfo | undefined;
  #tracks: MatroskaTrack[] | undefined;
  #heldTags: MatroskaTags[] = [];
  #heldTagsBytes = 0;
  #heldSimpleTags = 0;
  #told = false;

  constructor(handler: MatroskaStreamHandler, limits: MatroskaLimits) {
    this.#handler = handler;
    this.#limits = limits;
  }

  /** Whether the header has been told. */
  get told(): boolean {
    return this.#told;
  }

  /** Begins a new file. */
  reset(): void {
    this.#segmentElements = new ByteCollector();
    this.#ebmlHeader = new Uint8Array(0);
    this.#info = undefined;
    this.#tracks = undefined;
    this.#told = false;
  }

  /** Begins an element of `totalBytes`, its ID and size included. Throws where that is too much, or where the element may not be. */
  begin(id: number, offset: number, totalBytes: number): void {
    const isTags = id === ID.Tags;
    const used = isTags ? this.#heldTagsBytes : this.#ebmlHeader.length + this.#segmentElements.length;
    const limit = isTags ? this.#limits.maxTagsBytes : this.#limits.maxHeaderBytes;
    if (used + totalBytes > limit) {
      throw new MatroskaError(
        "limit-exceeded",
        elementName(id),
        offset,
        `at most ${limit} bytes of ${isTags ? "Tags" : "header"}`,
      );
    }
    if ((id === ID.Info && this.#info) || (id === ID.Tracks && this.#tracks)) {
      throw new MatroskaError("duplicate-element", elementName(id), offset, "only once in a Segment");
    }
    this.#elementOffset = offset;
  }

  /** Takes the next bytes of the element, from `start` up to `end`. */
  append(bytes: Uint8Array, start: number, end: number): void {
    this.#element.append(bytes, start, end);
  }

  /** Parses the element, which is complete. Tags behind the first Cluster are told at once. */
  finish(id: number): void {
    const bytes = this.#element.take();
    const element = wholeElement(bytes, this.#elementOffset);
    if (id === ID.Tags) {
      this.#finishTags(bytes);
      return;
    }
    if (id === ID.EBML) {
      this.#docType = parseEbmlHeader(element);
      this.#ebmlHeader = bytes;
      return;
    }
    if (id === ID.Info) this.#info = parseInfo(element);
    else if (id === ID.Tracks) this.#tracks = parseTracks(element, this.#limits.maxTracks);
    this.#segmentElements.append(bytes);
  }

  /** Throws where a Cluster begins at `offset` before Tracks. */
  requireTracks(offset: number): void {
    if (this.#tracks) return;
    throw new MatroskaError("missing-element", "Tracks", offset, "Tracks before the first Cluster");
  }

  /** Tells the header, and then the Tags that came before the first Cluster. */
  tell(): void {
    this.#told = true;
    this.#handler.onHeader({
      docType: this.#docType,
      ebmlHeader: this.#ebmlHeader,
      segmentElements: this.#segmentElements.take(),
      ...(this.#info ?? DEFAULT_INFO),
      tracks: this.#tracks ?? [],
    });
    const held = this.#heldTags;
    this.#heldTags = [];
    this.#heldTagsBytes = 0;
    this.#heldSimpleTags = 0;
    for (const tags of held) this.#handler.onTags(tags);
  }

  #finishTags(bytes: Uint8Array): void {
    const offset = this.#elementOffset;
    const simpleTags = parseTags(wholeElement(bytes, offset), this.#limits.maxSimpleTags - this.#heldSimpleTags);
    const tags: MatroskaTags = { bytes, simpleTags, beforeFirstCluster: !this.#told, offset };
    if (this.#told) {
      this.#handler.onTags(tags);
      return;
    }
    if (this.#heldTags.length === MAX_HELD_TAGS) {
      throw new MatroskaError(
        "limit-exceeded",
        "Tags",
        offset,
        `at most ${MAX_HELD_TAGS} Tags before the first Cluster`,
      );
    }
    this.#heldTags.push(tags);
    this.#heldTagsBytes += bytes.length;
    this.#heldSimpleTags += simpleTags.length;
  }
}
