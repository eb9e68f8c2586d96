import { ChunkWindow } from "../bytes/chunk-window.ts";
import {
  type ElementHeader,
  INVALID_HEADER,
  MAX_ELEMENT_HEADER_LENGTH,
  NEED_MORE,
  readElementHeader,
} from "../ebml/element-header.ts";
import { MAX_INTEGER_LENGTH, readUint } from "../ebml/values.ts";
import { UNKNOWN_SIZE } from "../ebml/vint.ts";
import { BlockReader, MAX_BLOCK_HEADER_LENGTH } from "./block-reader.ts";
import { ClusterData } from "./cluster-data.ts";
import { MatroskaError } from "./error.ts";
import { DEFAULT_LIMITS, type MatroskaReaderOptions, type MatroskaStreamHandler } from "./handler.ts";
import { HeaderAssembler } from "./header-assembler.ts";
import { elementName, ID, isKnownElement, isTopLevelElement } from "./ids.ts";
import { invalidHeader, overrun } from "./master.ts";

/** Where the next element stands. */
const BEFORE_EBML = 0;
const BEFORE_SEGMENT = 1;
const IN_SEGMENT = 2;
const IN_CLUSTER = 3;
const IN_GROUP = 4;
const AFTER_SEGMENT = 5;
const PLACE_NAMES = ["EBML", "Segment", "Segment", "Cluster", "BlockGroup", "file"] as const;

/** What the next bytes are. */
const ELEMENT_HEADER = 0;
const SKIPPED_DATA = 1;
const WHOLE_ELEMENT = 2;
const INTEGER = 3;
const BLOCK_HEADER = 4;
const LACING_TABLE = 5;
const FRAMES = 6;

const MAX_UNIT_LENGTH = Math.max(MAX_ELEMENT_HEADER_LENGTH, MAX_BLOCK_HEADER_LENGTH, MAX_INTEGER_LENGTH);

/**
 * Reads a Matroska stream (RFC 9559) that comes in chunks of any size, and tells a handler what is in it. It copies headers, Tags and
 * what chunk borders cut in two; all else it passes over, so its cost follows the number of elements and not of bytes.
 * Chunks may be used again after `feed` as far as the handler kept no view of them.
 */
export class MatroskaStreamReader {
  readonly #handler: MatroskaStreamHandler;
  readonly #concatenated: boolean;
  readonly #window = new ChunkWindow(MAX_UNIT_LENGTH);
  readonly #element: ElementHeader = { id: 0, size: 0 };
  readonly #header: HeaderAssembler;
  readonly #data: ClusterData;
  readonly #blocks: BlockReader;

  #place = BEFORE_EBML;
  #state = ELEMENT_HEADER;
  /** The element that the state is about, and how many bytes of its data are to come. */
  #id = 0;
  #bytesLeft = 0;
  /** Offset where the innermost open element ends; Infinity where its size is unknown. */
  #end = Number.POSITIVE_INFINITY;
  #segmentEnd = Number.POSITIVE_INFINITY;
  #clusterEnd = Number.POSITIVE_INFINITY;
  #clusterOffset = 0;
  #clusterSize = UNKNOWN_SIZE;
  #clusterHeaderLength = 0;
  /** The Cluster's Timestamp, -1 until it is known. */
  #timecode = -1;
  #groupOffset = 0;
  #groupHasBlock = false;
  #groupHasReference = false;
  #groupDuration: number | undefined;
  #failure: Error | undefined;

  constructor(handler: MatroskaStreamHandler, options: MatroskaReaderOptions = {}) {
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#handler = handler;
    this.#concatenated = options.concatenated ?? false;
    this.#header = new HeaderAssembler(handler, limits);
    this.#data = new ClusterData(handler, limits.maxClusterPrefixBytes);
    this.#blocks = new BlockReader(this.#window, handler);
  }

  /** Reads the next bytes. Throws a `MatroskaError` where they are damaged, and whatever the handler throws. */
  feed(chunk: Uint8Array): void {
    this.#guard(() => {
      this.#window.enter(chunk);
      this.#data.enter(chunk);
      this.#run();
      this.#data.leave(this.#window.settledEnd, this.#clusterOffset);
      this.#window.leave();
    });
  }

  /**
   * Tells that no more bytes come. Throws a `MatroskaError` where the input ends within an element; a Segment, and a Cluster of unknown size, may end
   * behind any of their children.
   */
  end(): void {
    this.#guard(() => {
      if (this.#window.holdsBack || this.#state !== ELEMENT_HEADER) throw this.#truncated();
      if (this.#place === IN_CLUSTER && this.#clusterSize === UNKNOWN_SIZE) this.#closeCluster(0);
      if (this.#place === IN_SEGMENT) this.#closeSegment();
      const empty = this.#place === BEFORE_EBML && this.#concatenated;
      if (this.#place !== AFTER_SEGMENT && !empty) throw this.#truncated();
    });
    this.#failure = new Error("the Matroska reader has been ended");
  }

  #guard(action: () => void): void {
    if (this.#failure) throw this.#failure;
    try {
      action();
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  }

  #run(): void {
    const window = this.#window;
    const length = window.chunk.length;
    while (window.pos < length) {
      switch (this.#state) {
        case ELEMENT_HEADER:
          this.#readElementHeader();
          break;
        case BLOCK_HEADER:
          this.#readBlockHeader();
          break;
        case FRAMES:
          this.#readFrames();
          break;
        case LACING_TABLE:
          if (this.#blocks.readLacing()) this.#readFrames();
          break;
        case INTEGER:
          this.#readInteger();
          break;
        default:
          this.#passData();
      }
    }
  }

  // Element headers, by place.

  #readElementHeader(): void {
    const window = this.#window;
    window.look();
    const offset = window.unitOffset;
    const length = readElementHeader(window.bytes, window.at, window.end, this.#element);
    if (length === NEED_MORE) {
      window.holdBack();
      return;
    }
    if (this.#place === BEFORE_EBML && (length === INVALID_HEADER || this.#element.id !== ID.EBML)) {
      throw new MatroskaError("missing-ebml-header", "EBML", offset, "an EBML header at the start");
    }
    if (length === INVALID_HEADER) throw invalidHeader(PLACE_NAMES[this.#place]!, offset);
    window.advance(length);
    const { id, size } = this.#element;
    if (size === UNKNOWN_SIZE && id !== ID.Segment && id !== ID.Cluster) {
      throw new MatroskaError("unknown-size", elementName(id), offset, "a known size");
    }
    if (window.offset + (size === UNKNOWN_SIZE ? 0 : size) > this.#end) {
      throw overrun(elementName(id), offset, PLACE_NAMES[this.#place]!);
    }
    if (this.#place === IN_CLUSTER) this.#enterClusterChild(id, size, offset, length);
    else if (this.#place === IN_GROUP) this.#enterGroupChild(id, size, offset);
    else if (this.#place === IN_SEGMENT) this.#enterSegmentChild(id, size, offset, length);
    else this.#enterTopLevel(id, size, offset, length);
  }

  #enterTopLevel(id: number, size: number, offset: number, length: number): void {
    if (id === ID.EBML) {
      if (this.#place === AFTER_SEGMENT && this.#concatenated) this.#beginFile();
      if (this.#place !== BEFORE_EBML) throw this.#duplicate(id, offset);
      this.#beginWholeElement(id, size, offset, length);
    } else if (id === ID.Segment) {
      if (this.#place === AFTER_SEGMENT) throw this.#duplicate(id, offset);
      this.#place = IN_SEGMENT;
      this.#segmentEnd = this.#endOf(size);
      this.#end = this.#segmentEnd;
      this.#childDone();
    } else this.#skipUnlessKnown(id, size, offset);
  }

  #enterSegmentChild(id: number, size: number, offset: number, length: number): void {
    switch (id) {
      case ID.Cluster:
        this.#openCluster(size, offset, length);
        break;
      case ID.Tags:
        this.#beginWholeElement(id, size, offset, length);
        break;
      case ID.Info:
      case ID.Tracks:
        if (this.#header.told) throw this.#unexpected(id, offset, "before the first Cluster");
        this.#beginWholeElement(id, size, offset, length);
        break;
      case ID.SeekHead:
      case ID.Void:
        if (this.#header.told) this.#beginData(SKIPPED_DATA, id, size);
        else this.#beginWholeElement(id, size, offset, length);
        break;
      case ID.Cues:
      case ID.Attachments:
      case ID.Chapters:
        this.#beginData(SKIPPED_DATA, id, size);
        break;
      case ID.EBML:
        if (!this.#concatenated || this.#segmentEnd !== Number.POSITIVE_INFINITY) throw this.#duplicate(id, offset);
        this.#closeSegment();
        this.#enterTopLevel(id, size, offset, length);
        break;
      case ID.Segment:
        throw this.#duplicate(id, offset);
      default:
        this.#skipUnlessKnown(id, size, offset);
    }
  }

  #enterClusterChild(id: number, size: number, offset: number, length: number): void {
    const window = this.#window;
    if (id !== ID.SimpleBlock && isTopLevelElement(id)) {
      if (this.#clusterSize !== UNKNOWN_SIZE) throw this.#unexpected(id, offset, "outside of Clusters");
      this.#closeCluster(window.joined > 0 ? 0 : window.pos - length);
      this.#enterSegmentChild(id, size, offset, length);
      return;
    }
    this.#keepJoined();
    if (this.#timecode < 0) this.#data.checkPrefix(offset - this.#clusterOffset, this.#clusterOffset);
    switch (id) {
      case ID.SimpleBlock:
        this.#beginBlock(id, size, offset);
        this.#blocks.block.clusterOffset = offset - this.#clusterOffset;
        break;
      case ID.BlockGroup:
        this.#openGroup(size, offset);
        break;
      case ID.Timestamp:
        if (this.#timecode >= 0) throw this.#duplicate(id, offset);
        this.#beginInteger(id, size, offset);
        break;
      default:
        this.#skipUnlessKnown(id, size, offset);
    }
  }

  #enterGroupChild(id: number, size: number, offset: number): void {
    this.#keepJoined();
    switch (id) {
      case ID.Block:
        if (this.#groupHasBlock) throw this.#duplicate(id, offset);
        this.#groupHasBlock = true;
        this.#beginBlock(id, size, offset);
        break;
      case ID.BlockDuration:
        this.#beginInteger(id, size, offset);
        break;
      case ID.ReferenceBlock:
        this.#groupHasReference = true;
        this.#beginData(SKIPPED_DATA, id, size);
        break;
      default:
        this.#skipUnlessKnown(id, size, offset);
    }
  }

  // Containers: opening and closing.

  #beginFile(): void {
    this.#header.reset();
    this.#place = BEFORE_EBML;
  }

  #closeSegment(): void {
    if (!this.#header.told) this.#header.tell();
    this.#place = AFTER_SEGMENT;
    this.#end = Number.POSITIVE_INFINITY;
    this.#handler.onSegmentEnd?.();
  }

  #openCluster(size: number, offset: number, length: number): void {
    this.#header.requireTracks(offset);
    if (!this.#header.told) this.#header.tell();
    const { joined, pos } = this.#window;
    this.#data.open(joined > 0 ? 0 : pos - length);
    this.#place = IN_CLUSTER;
    this.#clusterOffset = offset;
    this.#clusterHeaderLength = length;
    this.#clusterSize = size;
    this.#clusterEnd = size === UNKNOWN_SIZE ? this.#segmentEnd : this.#endOf(size);
    this.#end = this.#clusterEnd;
    this.#timecode = -1;
    this.#keepJoined();
    this.#childDone();
  }

  /** Ends the Cluster before `chunk[end]`. */
  #closeCluster(end: number): void {
    if (this.#timecode < 0) {
      throw new MatroskaError("missing-element", "Timestamp", this.#clusterOffset, "a Timestamp in each Cluster");
    }
    this.#data.close(end);
    this.#place = IN_SEGMENT;
    this.#end = this.#segmentEnd;
    this.#handler.onClusterEnd();
  }

  #openGroup(size: number, offset: number): void {
    this.#place = IN_GROUP;
    this.#end = this.#endOf(size);
    this.#groupOffset = offset;
    this.#groupHasBlock = false;
    this.#groupHasReference = false;
    this.#groupDuration = undefined;
    this.#childDone();
  }

  #closeGroup(): void {
    if (!this.#groupHasBlock) {
      throw new MatroskaError("missing-element", "Block", this.#groupOffset, "a Block in each BlockGroup");
    }
    const { block } = this.#blocks;
    block.keyframe = !this.#groupHasReference;
    block.discardable = false;
    block.duration = this.#groupDuration;
    block.clusterOffset = this.#groupOffset - this.#clusterOffset;
    this.#place = IN_CLUSTER;
    this.#end = this.#clusterEnd;
    this.#tellBlock();
  }

  /** The element before `pos` is complete; so may be those that it ends. */
  #childDone(): void {
    const window = this.#window;
    this.#state = ELEMENT_HEADER;
    while (window.offset === this.#end) {
      if (this.#place === IN_GROUP) this.#closeGroup();
      else if (this.#place === IN_CLUSTER) this.#closeCluster(window.pos);
      else this.#closeSegment();
    }
    if (this.#place === IN_CLUSTER) this.#data.mark(window.pos);
  }

  // Data, by state.

  #beginData(state: number, id: number, size: number): void {
    this.#state = state;
    this.#id = id;
    this.#bytesLeft = size;
    if (size === 0) this.#dataDone();
  }

  #beginWholeElement(id: number, size: number, offset: number, length: number): void {
    this.#header.begin(id, offset, length + size);
    const { bytes, at } = this.#window;
    this.#header.append(bytes, at, at + length);
    this.#beginData(WHOLE_ELEMENT, id, size);
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
    } else if (this.#state === INTEGER) this.#setInteger(0);
    this.#childDone();
  }

  #beginInteger(id: number, size: number, offset: number): void {
    if (size > MAX_INTEGER_LENGTH) {
      throw new MatroskaError("invalid-value", elementName(id), offset, "an integer of at most 8 bytes");
    }
    this.#beginData(INTEGER, id, size);
  }

  #readInteger(): void {
    const window = this.#window;
    window.look();
    const { bytes, at } = window;
    const end = at + this.#bytesLeft;
    if (end > window.end) {
      window.holdBack();
      return;
    }
    window.advance(this.#bytesLeft);
    this.#keepJoined();
    this.#setInteger(readUint(bytes, at, end));
    this.#childDone();
  }

  #setInteger(value: number): void {
    if (value > Number.MAX_SAFE_INTEGER) {
      throw new MatroskaError("invalid-value", elementName(this.#id), this.#window.offset, "an integer below 2^53");
    }
    if (this.#id === ID.BlockDuration) {
      this.#groupDuration = value;
      return;
    }
    this.#timecode = value;
    const sizeKnown = this.#clusterSize !== UNKNOWN_SIZE;
    this.#handler.onClusterStart({
      timecode: value,
      sizeKnown,
      totalBytes: sizeKnown ? this.#clusterHeaderLength + this.#clusterSize : undefined,
      offset: this.#clusterOffset,
    });
    this.#data.start();
  }

  #beginBlock(id: number, size: number, offset: number): void {
    if (this.#timecode < 0) {
      throw new MatroskaError(
        "missing-element",
        "Timestamp",
        offset,
        "a Timestamp before the first block of a Cluster",
      );
    }
    this.#blocks.begin(id, offset, size);
    this.#state = BLOCK_HEADER;
    this.#id = id;
  }

  #readBlockHeader(): void {
    if (!this.#blocks.readHeader(this.#timecode)) return;
    this.#keepJoined();
    if (this.#blocks.beginFrames()) this.#state = LACING_TABLE;
    else this.#readFrames();
  }

  #readFrames(): void {
    this.#state = FRAMES;
    if (!this.#blocks.readFrames()) return;
    if (this.#place === IN_CLUSTER) this.#tellBlock();
    this.#childDone();
  }

  #tellBlock(): void {
    const { block } = this.#blocks;
    block.clusterEndOffset = this.#window.offset - this.#clusterOffset;
    this.#handler.onBlock(block);
  }

  /** Bytes of the last unit that came with earlier chunks belong to the Cluster. */
  #keepJoined(): void {
    const { joined, scratch } = this.#window;
    if (joined > 0) this.#data.addHeldBack(scratch.subarray(0, joined));
  }

  // Small helpers.

  #endOf(size: number): number {
    return size === UNKNOWN_SIZE ? Number.POSITIVE_INFINITY : this.#window.offset + size;
  }

  #skipUnlessKnown(id: number, size: number, offset: number): void {
    const anywhere = id === ID.Void || id === ID["CRC-32"];
    if (!anywhere && isKnownElement(id))
      throw this.#unexpected(id, offset, `not directly in the ${PLACE_NAMES[this.#place]}`);
    this.#beginData(SKIPPED_DATA, id, size);
  }

  #unexpected(id: number, offset: number, expectation: string): MatroskaError {
    return new MatroskaError("unexpected-element", elementName(id), offset, expectation);
  }

  #duplicate(id: number, offset: number): MatroskaError {
    return new MatroskaError("duplicate-element", elementName(id), offset, "only once");
  }

  #truncated(): MatroskaError {
    const name = this.#state === ELEMENT_HEADER ? PLACE_NAMES[this.#place]! : elementName(this.#id);
    const empty = this.#place === BEFORE_EBML && this.#window.offset === 0;
    const code = empty ? "missing-ebml-header" : "truncated";
    return new MatroskaError(code, name, this.#window.offset, "more bytes; the input ends here");
  }
}
