import type { MatroskaBlock, MatroskaCluster, MatroskaHeader, MatroskaTags } from "./model.ts";

/**
 * What a `MatroskaStreamReader` tells, synchronously from within `feed` and `end`, in this order:
 * `onHeader ( onTags | onClusterStart ( onBlockPayload | onBlock | onClusterData )* onClusterEnd )* onSegmentEnd`,
 * and, with the option `concatenated`, that again for each file that follows.
 *
 * An exception thrown by a handler leaves through `feed` or `end` and kills the reader.
 */
export interface MatroskaStreamHandler {
  /**
   * Once for each file, before everything else: when its first Cluster begins or the file ends. Tags that come before
   * the first Cluster are told right after this, wherever they stand among the header's elements.
   */
  onHeader(header: MatroskaHeader): void;
  onTags(tags: MatroskaTags): void;
  /**
   * When the Cluster's Timestamp has been read, before any of its bytes is told. The object is the handler's to keep.
   */
  onClusterStart(cluster: MatroskaCluster): void;
  /**
   * The raw bytes of the Cluster from its ID to its end, each once and in order, in views of the fed chunks (a few
   * bytes of an element header that two chunks share come as a copy).
   *
   * A block's bytes are told after its `onBlock`, in the same call of `feed`, so that a handler can refuse the block
   * before it has its last bytes. `atBoundary` tells whether all bytes so far end where a child of the Cluster ends:
   * everything up to here can be passed to a live reader, and the next byte begins a new block. At most two such events
   * come for each Cluster and fed chunk beside the copies above: one that ends at the last boundary, and the incomplete
   * rest.
   */
  onClusterData(view: Uint8Array, atBoundary: boolean): void;
  /**
   * When the last byte of a block (for a BlockGroup, of the group) has been read. The object is reused: keep nothing of
   * it.
   */
  onBlock(block: MatroskaBlock): void;
  /** When the Cluster's end is known: its size is reached, another level-1 element begins, or the input ends. */
  onClusterEnd(): void;
  /**
   * For a demuxer: the bytes of the block's frames, `chunk[start]` to `chunk[end - 1]`, in one or more pieces before
   * the `onBlock` that they belong to. `bytesLeft` more bytes follow in further pieces, if the stream is not cut off.
   * Plain offsets, since a view for each frame costs more than reading the frame's header. Of `block`, which is reused, track and frames are
   * known by then, and not its duration and end.
   */
  onBlockPayload?(chunk: Uint8Array, start: number, end: number, bytesLeft: number, block: MatroskaBlock): void;
  /**
   * When the file ends: its Segment's size is reached, the next file's EBML header begins (`concatenated`), or `end()`.
   */
  onSegmentEnd?(): void;
}

/** Bounds that keep hostile input cheap; each default has its reason in `DEFAULT_LIMITS`. */
export interface MatroskaLimits {
  /** Bytes of the EBML header and of the Segment's elements before the first Cluster, Tags apart. */
  maxHeaderBytes: number;
  /** Bytes of one Tags element, and of all Tags before the first Cluster together. */
  maxTagsBytes: number;
  /** SimpleTags in one Tags element, and in all Tags before the first Cluster together. */
  maxSimpleTags: number;
  /** TrackEntry elements in Tracks. */
  maxTracks: number;
  /** Bytes of a Cluster before its Timestamp. */
  maxClusterPrefixBytes: number;
}

/** The default bounds of the readers. */
export const DEFAULT_LIMITS: Readonly<MatroskaLimits> = Object.freeze({
  // Real headers stay below 64 KiB; 1 MiB of codec initialization data (attached pictures, large HEVC sets) and as much
  // around it.
  maxHeaderBytes: 2 * 1024 * 1024,
  // Kinesis Video Streams allows 10 tags of 128 + 256 bytes on a fragment; files from the shelf carry a few KiB of
  // Tags.
  maxTagsBytes: 1024 * 1024,
  // A SimpleTag takes some 200 bytes of heap; this many stay below 1 MiB.
  maxSimpleTags: 4096,
  // What a one-byte track number can name; producers use up to 3.
  maxTracks: 127,
  // CRC-32, Position, PrevSize and a Void are what is found there in practice, some tens of bytes.
  maxClusterPrefixBytes: 4096,
});

/** Options of `MatroskaStreamReader`. */
export interface MatroskaReaderOptions {
  /** Bounds to use instead of `DEFAULT_LIMITS`, each for itself. */
  limits?: Partial<MatroskaLimits>;
  /**
   * Accept file after file: an EBML header where a level-1 element could be begins a new file. This is the form of
   * GetMedia's answer (AWS, "GetMedia"). Without it a second EBML header or Segment is an error.
   */
  concatenated?: boolean;
}
