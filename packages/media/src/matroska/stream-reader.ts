import { ChunkWindow } from "../bytes/chunk-window.ts";
import { MAX_ELEMENT_HEADER_LENGTH } from "../ebml/element-header.ts";
import { MAX_INTEGER_LENGTH } from "../ebml/values.ts";
import { MAX_BLOCK_HEADER_LENGTH } from "./block-reader.ts";
import { CLUSTER_COMPLETE, CLUSTER_INTERRUPTED, ClusterReader } from "./cluster-reader.ts";
import { ElementScanner } from "./element-scanner.ts";
import { MatroskaError } from "./error.ts";
import { DEFAULT_LIMITS, type MatroskaReaderOptions, type MatroskaStreamHandler } from "./handler.ts";
import { HeaderAssembler } from "./header-assembler.ts";
import { ID, isKnownElement } from "./ids.ts";

/** Where the next element stands, a Cluster's children apart. */
const BEFORE_EBML = 0;
const BEFORE_SEGMENT = 1;
const IN_SEGMENT = 2;
const AFTER_SEGMENT = 3;
/** The element that `BEFORE_EBML` and so on lack, or are in. */
const PLACE_NAMES = ["EBML", "Segment", "Segment", "file"] as const;

/** What the next bytes are. */
const ELEMENT_HEADER = 0;
const CLUSTER = 1;
const WHOLE_ELEMENT = 2;
const SKIPPED_DATA = 3;

const EBML_ID = [0x1a, 0x45, 0xdf, 0xa3] as const;

const MAX_UNIT_LENGTH = Math.max(MAX_ELEMENT_HEADER_LENGTH, MAX_BLOCK_HEADER_LENGTH, MAX_INTEGER_LENGTH);

/**
 * Reads a Matroska stream (RFC 9559) that comes in chunks of any size, and tells a handler what is in it. It copies
 * headers, Tags and what chunk borders cut in two; all else it passes over, so its cost follows the number of elements
 * and not of bytes. A chunk may be used again after `feed`, as far as the handler kept no view of it.
 */
export class MatroskaStreamReader {
  readonly #handler: MatroskaStreamHandler;
  readonly #concatenated: boolean;
  readonly #window = new ChunkWindow(MAX_UNIT_LENGTH);
  readonly #scanner = new ElementScanner(this.#window);
  readonly #header: HeaderAssembler;
  readonly #cluster: ClusterReader;

  #place = BEFORE_EBML;
  #state = ELEMENT_HEADER;
  /** The element that the state is about, and how many bytes of its data are to come. */
  #id = 0;
  #bytesLeft = 0;
  /** Offset where the Segment ends; Infinity outside of it, or where its size is unknown. */
  #segmentEnd = Number.POSITIVE_INFINITY;
  #failure: Error | undefined;
  #hasEnded = false;

  constructor(handler: MatroskaStreamHandler, options: MatroskaReaderOptions = {}) {
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#handler = handler;
    this.#concatenated = options.concatenated ?? false;
    this.#header = new HeaderAssembler(handler, limits);
    this.#cluster = new ClusterReader(this.#window, this.#scanner, handler, limits.maxClusterPrefixBytes);
  }

  /** Reads the next bytes. Throws a `MatroskaError` where they are damaged, and whatever the handler throws. */
  feed(chunk: Uint8Array): void {
    this.#guard(() => {
      this.#window.enter(chunk);
      this.#cluster.enterChunk();
      while (this.#window.pos < chunk.length) this.#step();
      this.#cluster.leaveChunk();
      this.#window.leave();
    });
  }

  /**
   * Tells that no more bytes come. Throws a `MatroskaError` where the input ends within an element; a Segment, and a
   * Cluster of unknown size, may end behind any of their children.
   */
  end(): void {
    this.#guard(() => {
      if (this.#window.holdsBack) throw this.#truncated();
      if (this.#state === CLUSTER && this.#cluster.endInput()) this.#state = ELEMENT_HEADER;
      if (this.#state !== ELEMENT_HEADER) throw this.#truncated();
      if (this.#place === IN_SEGMENT) this.#closeSegment();
      const empty = this.#place === BEFORE_EBML && this.#concatenated;
      if (this.#place !== AFTER_SEGMENT && !empty) throw this.#truncated();
    });
    this.#hasEnded = true;
  }

  #guard(action: () => void): void {
    if (this.#failure) throw this.#failure;
    // Made only here: its stack costs as much as some frames, for every fragment that is read.
    if (this.#hasEnded) throw new Error("the Matroska reader has been ended");
    try {
      action();
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  }

  #step(): void {
    if (this.#state === CLUSTER) this.#readCluster();
    else if (this.#state === ELEMENT_HEADER) this.#readElementHeader();
    else this.#passData();
  }

  #readCluster(): void {
    const progress = this.#cluster.read();
    if (progress === CLUSTER_COMPLETE) this.#elementDone();
    else if (progress === CLUSTER_INTERRUPTED) {
      this.#state = ELEMENT_HEADER;
      this.#enterSegmentChild();
    }
  }

  #readElementHeader(): void {
    if (this.#place === BEFORE_EBML) this.#expectEbml();
    if (!this.#scanner.next(PLACE_NAMES[this.#place]!, this.#segmentEnd)) return;
    if (this.#place === IN_SEGMENT) this.#enterSegmentChild();
    else this.#enterTopLevel();
  }

  /** Says of anything else at the start, before its first byte is given a meaning, that it is no EBML. */
  #expectEbml(): void {
    const window = this.#window;
    window.look();
    const known = window.end - window.at;
    for (let i = 0; i < known && i < EBML_ID.length; i++) {
      if (window.bytes[window.at + i] === EBML_ID[i]) continue;
      throw new MatroskaError("missing-ebml-header", "EBML", window.unitOffset, "an EBML header at the start");
    }
  }

  #enterTopLevel(): void {
    const scanner = this.#scanner;
    if (scanner.id === ID.EBML) {
      if (this.#place === AFTER_SEGMENT && this.#concatenated) this.#beginFile();
      if (this.#place !== BEFORE_EBML) throw scanner.duplicate();
      this.#beginWholeElement();
    } else if (scanner.id === ID.Segment) {
      if (this.#place === AFTER_SEGMENT) throw scanner.duplicate();
      this.#place = IN_SEGMENT;
      this.#segmentEnd = scanner.end;
      this.#elementDone();
    } else this.#beginSkip("not directly in a file");
  }

  #enterSegmentChild(): void {
    const scanner = this.#scanner;
    switch (scanner.id) {
      case ID.Cluster:
        this.#openCluster();
        break;
      case ID.Tags:
        this.#beginWholeElement();
        break;
      case ID.Info:
      case ID.Tracks:
        if (this.#header.told) throw scanner.unexpected("before the first Cluster");
        this.#beginWholeElement();
        break;
      case ID.SeekHead:
      case ID.Void:
        if (this.#header.told) this.#beginData(SKIPPED_DATA);
        else this.#beginWholeElement();
        break;
      case ID.Cues:
      case ID.Attachments:
      case ID.Chapters:
        this.#beginData(SKIPPED_DATA);
        break;
      case ID.EBML:
        if (!this.#concatenated || this.#segmentEnd !== Number.POSITIVE_INFINITY) throw scanner.duplicate();
        this.#closeSegment();
        this.#enterTopLevel();
        break;
      case ID.Segment:
        throw scanner.duplicate();
      default:
        this.#beginSkip("not directly in a Segment");
    }
  }

  #beginFile(): void {
    this.#header.reset();
    this.#place = BEFORE_EBML;
  }

  #openCluster(): void {
    this.#header.requireTracks(this.#scanner.offset);
    if (!this.#header.told) this.#header.tell();
    this.#state = CLUSTER;
    this.#cluster.open(this.#segmentEnd);
  }

  #closeSegment(): void {
    if (!this.#header.told) this.#header.tell();
    this.#place = AFTER_SEGMENT;
    this.#segmentEnd = Number.POSITIVE_INFINITY;
    this.#handler.onSegmentEnd?.();
  }

  /** The element before `pos` is complete; so may be the Segment. */
  #elementDone(): void {
    this.#state = ELEMENT_HEADER;
    if (this.#window.offset === this.#segmentEnd) this.#closeSegment();
  }

  #beginData(state: typeof WHOLE_ELEMENT | typeof SKIPPED_DATA): void {
    this.#state = state;
    this.#id = this.#scanner.id;
    this.#bytesLeft = this.#scanner.size;
    if (this.#bytesLeft === 0) this.#dataDone();
  }

  #beginWholeElement(): void {
    const { id, offset, headerLength, size } = this.#scanner;
    this.#header.begin(id, offset, headerLength + size);
    const { bytes, at } = this.#window;
    this.#header.append(bytes, at, at + headerLength);
    this.#beginData(WHOLE_ELEMENT);
  }

  #beginSkip(otherwise: string): void {
    const { id } = this.#scanner;
    const harmless = id === ID.Void || id === ID["CRC-32"];
    if (!harmless && isKnownElement(id)) throw this.#scanner.unexpected(otherwise);
    this.#beginData(SKIPPED_DATA);
  }

  #passData(): void {
    const window = this.#window;
    const start = window.pos;
    const taken = Math.min(this.#bytesLeft, window.chunk.length - start);
    window.pos = start + taken;
    this.#bytesLeft -= taken;
    if (this.#state === WHOLE_ELEMENT) this.#header.append(window.chunk, start, window.pos);
    if (this.#bytesLeft === 0) this.#dataDone();
  }

  #dataDone(): void {
    if (this.#state === WHOLE_ELEMENT) {
      this.#header.finish(this.#id);
      if (this.#id === ID.EBML) this.#place = BEFORE_SEGMENT;
    }
    this.#elementDone();
  }

  #truncated(): MatroskaError {
    const { offset } = this.#window;
    if (offset === 0) return new MatroskaError("missing-ebml-header", "EBML", 0, "an EBML header at the start");
    const name = this.#state === CLUSTER ? "Cluster" : PLACE_NAMES[this.#place]!;
    return new MatroskaError("truncated", name, offset, "more bytes; the input ends here");
  }
}
