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
 * Gathers and parses the elements that are read whole: the EBML header, the Segment's header elements, and Tags. Each
 * comes as `begin`, its bytes by `append`, and `finish`.
 */
export class HeaderAssembler {
  readonly #handler: MatroskaStreamHandler;
  readonly #limits: MatroskaLimits;
  /** The EBML header while it is read, then the Segment's header elements. */
  readonly #headerBytes = new ByteCollector();
  readonly #tagsBytes = new ByteCollector();
  /** Where the bytes of the current element go, from which of them on, and where the element stands in the input. */
  #target = this.#headerBytes;
  #targetStart = 0;
  #elementOffset = 0;

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
    this.#ebmlHeader = new Uint8Array(0);
    this.#info = undefined;
    this.#tracks = undefined;
    this.#told = false;
  }

  /**
   * Begins an element of `totalBytes`, its ID and size included. Throws where that is too much, or where the element
   * may not be.
   */
  begin(id: number, offset: number, totalBytes: number): void {
    this.#elementOffset = offset;
    if (id === ID.Tags) {
      this.#checkLimit(id, this.#heldTagsBytes + totalBytes, this.#limits.maxTagsBytes);
      this.#target = this.#tagsBytes;
    } else {
      const used = this.#ebmlHeader.length + this.#headerBytes.length;
      this.#checkLimit(id, used + totalBytes, this.#limits.maxHeaderBytes);
      this.#target = this.#headerBytes;
    }
    if ((id === ID.Info && this.#info) || (id === ID.Tracks && this.#tracks)) {
      throw new MatroskaError("duplicate-element", elementName(id), offset, "only once in a Segment");
    }
    this.#targetStart = this.#target.length;
  }

  /** Takes the next bytes of the element, from `start` up to `end`. */
  append(bytes: Uint8Array, start: number, end: number): void {
    this.#target.append(bytes, start, end);
  }

  /** Parses the element, which is complete. Tags behind the first Cluster are told at once. */
  finish(id: number): void {
    switch (id) {
      case ID.Tags:
        this.#finishTags(this.#tagsBytes.take());
        break;
      case ID.EBML:
        this.#ebmlHeader = this.#headerBytes.take();
        this.#docType = parseEbmlHeader(wholeElement(this.#ebmlHeader, this.#elementOffset));
        break;
      case ID.Info:
        this.#info = parseInfo(wholeElement(this.#headerBytes.view(this.#targetStart), this.#elementOffset));
        break;
      case ID.Tracks: {
        const element = wholeElement(this.#headerBytes.view(this.#targetStart), this.#elementOffset);
        this.#tracks = parseTracks(element, this.#limits.maxTracks);
        break;
      }
    }
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
      segmentElements: this.#headerBytes.take(),
      ...(this.#info ?? DEFAULT_INFO),
      tracks: this.#tracks ?? [],
    });
    const held = this.#heldTags;
    this.#heldTags = [];
    this.#heldTagsBytes = 0;
    this.#heldSimpleTags = 0;
    for (const tags of held) this.#handler.onTags(tags);
  }

  #checkLimit(id: number, bytes: number, limit: number): void {
    if (bytes <= limit) return;
    const what = id === ID.Tags ? "Tags" : "header";
    throw new MatroskaError(
      "limit-exceeded",
      elementName(id),
      this.#elementOffset,
      `at most ${limit} bytes of ${what}`,
    );
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
