import type { ChunkWindow } from "../bytes/chunk-window.ts";
import { MAX_INTEGER_LENGTH, readBigUint, readUint } from "../ebml/values.ts";
import { UNKNOWN_SIZE } from "../ebml/vint.ts";
import { BlockReader } from "./block-reader.ts";
import { ClusterData } from "./cluster-data.ts";
import type { ElementScanner } from "./element-scanner.ts";
import { MatroskaError } from "./error.ts";
import type { MatroskaStreamHandler } from "./handler.ts";
import { elementName, ID, isKnownElement, isTopLevelElement } from "./ids.ts";
import { WholeElement } from "./whole-element.ts";

/** What the next bytes of a Cluster are. */
const CHILD = 0;
const BLOCK_HEADER = 1;
const LACING_TABLE = 2;
const FRAMES = 3;
const INTEGER = 4;
const SKIPPED_DATA = 5;

/** How far a Cluster is after `read`. */
export const CLUSTER_OPEN = 0;
/** Its last byte has been read. */
export const CLUSTER_COMPLETE = 1;
/** Its size is unknown, and the element that the scanner holds has ended it. */
export const CLUSTER_INTERRUPTED = 2;

/** Longest integer in bytes whose every value a number holds exactly. */
const SHORT_INTEGER = 6;
/** Largest Timestamp of a Cluster: muxers keep it as a signed integer of 64 bits. */
const MAX_TIMESTAMP = 2n ** 63n - 1n;

/** Reads one Cluster at a time (RFC 9559, section 5.1.3), its BlockGroups included: the path that every frame takes. */
export class ClusterReader {
  readonly #window: ChunkWindow;
  readonly #scanner: ElementScanner;
  readonly #handler: MatroskaStreamHandler;
  readonly #data: ClusterData;
  readonly #blocks: BlockReader;

  readonly #whole = new WholeElement();
  readonly #wholeChild = new WholeElement();

  #progress = CLUSTER_COMPLETE;
  #state = CHILD;
  /** The child that the state is about, and how many bytes of its data are to come. */
  #id = 0;
  #bytesLeft = 0;
  #offset = 0;
  #headerLength = 0;
  #size = 0;
  /** Offset where the Cluster ends; where its size is unknown, where its Segment does. */
  #end = 0;
  /** The Cluster's Timestamp, -1 until it is known. */
  #timecode = -1;
  #inGroup = false;
  #groupOffset = 0;
  #groupEnd = 0;
  #groupHasBlock = false;
  #groupHasReference = false;
  #groupDuration: number | undefined;

  constructor(window: ChunkWindow, scanner: ElementScanner, handler: MatroskaStreamHandler, maxPrefixBytes: number) {
    this.#window = window;
    this.#scanner = scanner;
    this.#handler = handler;
    this.#data = new ClusterData(handler, maxPrefixBytes);
    this.#blocks = new BlockReader(window, handler);
  }

  /** Goes on in the next chunk, or in one that has no byte of a Cluster so far. */
  enterChunk(): void {
    this.#data.enter(this.#window.chunk);
  }

  /** Tells the bytes of the Cluster, if one is open, that the chunk has. */
  leaveChunk(): void {
    this.#data.leave(this.#window.settledEnd, this.#offset);
  }

  /** Begins with the Cluster whose header the scanner has read, in a Segment that ends at the offset `segmentEnd`. */
  open(segmentEnd: number): void {
    const { offset, headerLength, size, startInChunk } = this.#scanner;
    this.#offset = offset;
    this.#headerLength = headerLength;
    this.#size = size;
    this.#end = Math.min(segmentEnd, this.#scanner.end);
    this.#timecode = -1;
    this.#inGroup = false;
    this.#progress = CLUSTER_OPEN;
    this.#data.open(startInChunk);
    this.#keepJoined();
    this.#childDone();
  }

  /** Reads what the chunk has of the Cluster, and says how far it is. */
  read(): number {
    const window = this.#window;
    const { length } = window.chunk;
    while (this.#progress === CLUSTER_OPEN && window.pos < length) {
      const stepwise = this.#state !== CHILD || this.#inGroup || this.#timecode < 0 || window.holdsBack;
      if (stepwise || !this.#readWholeBlock()) this.#step();
    }
    return this.#progress;
  }

  /**
   * Reads the SimpleBlock or BlockGroup that is next in one step, where it lies whole in the chunk and is as simple as nearly all are. Returns
   * false, and tells nothing, where it is not: the steps then read it, or say what is wrong with it.
   */
  #readWholeBlock(): boolean {
    const window = this.#window;
    const { chunk, pos } = window;
    const id = chunk[pos]!;
    if (id !== ID.SimpleBlock && id !== ID.BlockGroup) return false;
    const data = this.#whole;
    if (!data.find(chunk, pos, chunk.length) || window.offset + data.end - pos > this.#end) return false;
    const { end } = data;
    const isRead =
      id === ID.SimpleBlock
        ? this.#blocks.readWhole(chunk, data.start, end, this.#timecode)
        : this.#readWholeGroup(chunk, data.start, end);
    if (!isRead) return false;
    this.#blocks.block.clusterOffset = window.offset - this.#offset;
    window.pos = end;
    this.#tellBlock();
    this.#childDone();
    return true;
  }

  /** The same for the children of a BlockGroup: a Block, and what tells its duration and whether it refers to others. */
  #readWholeGroup(chunk: Uint8Array, start: number, end: number): boolean {
    const child = this.#wholeChild;
    let blockStart = -1;
    let blockEnd = 0;
    let hasReference = false;
    let duration: number | undefined;
    for (let at = start; at < end; at = child.end) {
      const id = chunk[at]!;
      if (!child.find(chunk, at, end)) return false;
      if (id === ID.Block && blockStart < 0) {
        blockStart = child.start;
        blockEnd = child.end;
      } else if (id === ID.BlockDuration && child.end - child.start <= SHORT_INTEGER) {
        duration = readUint(chunk, child.start, child.end);
      } else if (id === ID.ReferenceBlock) hasReference = true;
      else return false;
    }
    if (blockStart < 0 || !this.#blocks.readWhole(chunk, blockStart, blockEnd, this.#timecode)) return false;
    this.#setGroupMembers(hasReference, duration);
    return true;
  }

  #setGroupMembers(hasReference: boolean, duration: number | undefined): void {
    const { block } = this.#blocks;
    block.keyframe = !hasReference;
    block.discardable = false;
    block.duration = duration;
  }

  /** The input ends: tells the end of a Cluster of unknown size. Returns false where the Cluster is not complete. */
  endInput(): boolean {
    if (this.#state !== CHILD || this.#inGroup || this.#size !== UNKNOWN_SIZE) return false;
    this.#close(this.#window.pos, CLUSTER_COMPLETE);
    return true;
  }

  #step(): void {
    switch (this.#state) {
      case CHILD:
        if (this.#inGroup) this.#enterGroupChild();
        else this.#enterChild();
        break;
      case BLOCK_HEADER:
        this.#readBlockHeader();
        break;
      case LACING_TABLE:
        if (this.#blocks.readLacing()) this.#readFrames();
        break;
      case FRAMES:
        this.#readFrames();
        break;
      case INTEGER:
        this.#readInteger();
        break;
      default:
        this.#skip();
    }
  }

  #enterChild(): void {
    const scanner = this.#scanner;
    if (!scanner.next("Cluster", this.#end)) return;
    const { id } = scanner;
    if (id !== ID.SimpleBlock && isTopLevelElement(id)) {
      if (this.#size !== UNKNOWN_SIZE) throw scanner.unexpected("outside of Clusters");
      this.#close(scanner.startInChunk, CLUSTER_INTERRUPTED);
      return;
    }
    this.#keepJoined();
    if (this.#timecode < 0) this.#data.checkPrefix(scanner.offset - this.#offset, this.#offset);
    if (id === ID.SimpleBlock) {
      this.#beginBlock();
      this.#blocks.block.clusterOffset = scanner.offset - this.#offset;
    } else if (id === ID.BlockGroup) this.#openGroup();
    else if (id === ID.Timestamp) {
      if (this.#timecode >= 0) throw scanner.duplicate();
      this.#beginInteger();
    } else this.#skipUnlessKnown("Cluster");
  }

  #enterGroupChild(): void {
    const scanner = this.#scanner;
    if (!scanner.next("BlockGroup", this.#groupEnd)) return;
    this.#keepJoined();
    if (scanner.id === ID.Block) {
      if (this.#groupHasBlock) throw scanner.duplicate();
      this.#groupHasBlock = true;
      this.#beginBlock();
    } else if (scanner.id === ID.BlockDuration) this.#beginInteger();
    else if (scanner.id === ID.ReferenceBlock) {
      this.#groupHasReference = true;
      this.#beginSkip();
    } else this.#skipUnlessKnown("BlockGroup");
  }

  #openGroup(): void {
    this.#inGroup = true;
    this.#groupOffset = this.#scanner.offset;
    this.#groupEnd = this.#scanner.end;
    this.#groupHasBlock = false;
    this.#groupHasReference = false;
    this.#groupDuration = undefined;
    this.#childDone();
  }

  #closeGroup(): void {
    if (!this.#groupHasBlock) throw this.#missing("Block", this.#groupOffset, "a Block in each BlockGroup");
    this.#setGroupMembers(this.#groupHasReference, this.#groupDuration);
    this.#blocks.block.clusterOffset = this.#groupOffset - this.#offset;
    this.#inGroup = false;
    this.#tellBlock();
  }

  /** Ends the Cluster before place `end` of the chunk. */
  #close(end: number, progress: number): void {
    if (this.#timecode < 0) throw this.#missing("Timestamp", this.#offset, "a Timestamp in each Cluster");
    this.#progress = progress;
    this.#data.close(end);
    this.#handler.onClusterEnd();
  }

  /** The child before `pos` is complete; so may be the group and the Cluster around it. */
  #childDone(): void {
    const { offset, pos } = this.#window;
    this.#state = CHILD;
    if (this.#inGroup) {
      if (offset !== this.#groupEnd) return;
      this.#closeGroup();
    }
    if (offset === this.#end) this.#close(pos, CLUSTER_COMPLETE);
    else this.#data.mark(pos);
  }

  #beginBlock(): void {
    const { id, offset, size } = this.#scanner;
    if (this.#timecode < 0) throw this.#missing("Timestamp", offset, "a Timestamp before the first block of a Cluster");
    this.#blocks.begin(id, offset, size);
    this.#state = BLOCK_HEADER;
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
    if (!this.#inGroup) this.#tellBlock();
    this.#childDone();
  }

  #tellBlock(): void {
    const { block } = this.#blocks;
    block.clusterEndOffset = this.#window.offset - this.#offset;
    this.#handler.onBlock(block);
  }

  #beginInteger(): void {
    const { id, offset, size } = this.#scanner;
    if (size > MAX_INTEGER_LENGTH) {
      throw new MatroskaError("invalid-value", elementName(id), offset, "an integer of at most 8 bytes");
    }
    this.#state = INTEGER;
    this.#id = id;
    this.#bytesLeft = size;
    if (size === 0) this.#setInteger(0);
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
    const value = readUint(bytes, at, end);
    this.#setInteger(value, value > Number.MAX_SAFE_INTEGER ? readBigUint(bytes, at, end) : undefined);
  }

  /** Takes a value, with its `exact` form where it is beyond what a number holds safely. */
  #setInteger(value: number, exact?: bigint): void {
    if (this.#id === ID.BlockDuration) {
      if (exact !== undefined) throw this.#tooLarge("2^53");
      this.#groupDuration = value;
    } else {
      if (exact !== undefined && exact > MAX_TIMESTAMP) throw this.#tooLarge("2^63");
      this.#start(value, exact);
    }
    this.#childDone();
  }

  #start(timecode: number, exactTimecode: bigint | undefined): void {
    this.#timecode = timecode;
    const sizeKnown = this.#size !== UNKNOWN_SIZE;
    const totalBytes = sizeKnown ? this.#headerLength + this.#size : undefined;
    this.#handler.onClusterStart({ timecode, exactTimecode, sizeKnown, totalBytes, offset: this.#offset });
    this.#data.start();
  }

  #skipUnlessKnown(parent: string): void {
    const { id } = this.#scanner;
    const harmless = id === ID.Void || id === ID["CRC-32"];
    if (!harmless && isKnownElement(id)) throw this.#scanner.unexpected(`not directly in a ${parent}`);
    this.#beginSkip();
  }

  #beginSkip(): void {
    this.#state = SKIPPED_DATA;
    this.#bytesLeft = this.#scanner.size;
    if (this.#bytesLeft === 0) this.#childDone();
  }

  #skip(): void {
    const window = this.#window;
    const taken = Math.min(this.#bytesLeft, window.chunk.length - window.pos);
    window.pos += taken;
    this.#bytesLeft -= taken;
    if (this.#bytesLeft === 0) this.#childDone();
  }

  /** Bytes of the last unit that came with earlier chunks belong to the Cluster. */
  #keepJoined(): void {
    const { joined, scratch } = this.#window;
    if (joined > 0) this.#data.addHeldBack(scratch.subarray(0, joined));
  }

  #tooLarge(bound: string): MatroskaError {
    return new MatroskaError("invalid-value", elementName(this.#id), this.#window.offset, `an integer below ${bound}`);
  }

  #missing(element: string, offset: number, expectation: string): MatroskaError {
    return new MatroskaError("missing-element", element, offset, expectation);
  }
}
