/** Video settings of a track (RFC 9559, section 5.1.4.1.28); sizes in pixels, 0 where the producer does not know. */
export interface MatroskaVideo {
  pixelWidth: number;
  pixelHeight: number;
  displayWidth: number | undefined;
  displayHeight: number | undefined;
}

/** Audio settings of a track (RFC 9559, section 5.1.4.1.29); the frequency is in Hz. */
export interface MatroskaAudio {
  samplingFrequency: number;
  channels: number;
  bitDepth: number | undefined;
}

/** Kinds of tracks (RFC 9559, section 5.1.4.1.3); `other` stands for any number that the RFC does not name. */
export type MatroskaTrackType =
  | "video"
  | "audio"
  | "complex"
  | "logo"
  | "subtitle"
  | "buttons"
  | "control"
  | "metadata"
  | "other";

/** One TrackEntry (RFC 9559, section 5.1.4.1). */
export interface MatroskaTrack {
  /** Number that blocks name the track by; 1 to 2^53-1, unique in its file. */
  number: number;
  /** TrackUID as written; it has up to 64 bits. */
  uid: bigint;
  type: MatroskaTrackType;
  codecId: string;
  /** Codec initialization data, as written; undefined where the track has none. */
  codecPrivate: Uint8Array | undefined;
  name: string | undefined;
  /** Matroska language code; "eng" is the default of the format. */
  language: string;
  /** Nanoseconds for each frame; undefined where not stated. */
  defaultDurationNs: number | undefined;
  /** Whether the track says that its blocks may use lacing. */
  lacing: boolean;
  /** Nanoseconds. */
  codecDelayNs: number;
  /** Nanoseconds. */
  seekPreRollNs: number;
  video: MatroskaVideo | undefined;
  audio: MatroskaAudio | undefined;
}

/** Everything that precedes the first Cluster, Tags apart: parsed, and as the exact bytes. */
export interface MatroskaHeader {
  /** "matroska" or "webm". */
  docType: string;
  /** Exact bytes of the EBML header element, ID and size included. An own copy, safe to keep. */
  ebmlHeader: Uint8Array;
  /**
   * Exact bytes of the SeekHead, Void, Info and Tracks elements of the Segment, joined in document order, without the
   * ID and size of the Segment itself. Tags, Cues, Chapters, Attachments, unknown elements and a CRC-32 of the Segment
   * as a whole are left out. An own copy, safe to keep.
   */
  segmentElements: Uint8Array;
  /** Nanoseconds for each tick of Cluster and Block timestamps. */
  timecodeScaleNs: number;
  /** Duration of the Segment in ticks, where Info states it. */
  duration: number | undefined;
  title: string | undefined;
  muxingApp: string | undefined;
  writingApp: string | undefined;
  tracks: readonly MatroskaTrack[];
}

/** One SimpleTag (RFC 9559, section 5.1.8.1.2), taken out of its nest. */
export interface MatroskaSimpleTag {
  name: string;
  /** TagString as text, TagBinary as bytes, "" where the tag has neither. */
  value: string | Uint8Array;
  /** Which Tag element of its Tags it stands in, from 0. */
  tag: number;
  /** How many SimpleTags enclose it; 0 for one directly below its Tag. */
  depth: number;
}

/** One Tags element of the Segment. */
export interface MatroskaTags {
  /** Exact bytes of the element, ID and size included. An own copy, safe to keep. */
  bytes: Uint8Array;
  /** All SimpleTags in document order, outer before inner. */
  simpleTags: readonly MatroskaSimpleTag[];
  /** Whether no Cluster has begun before it. */
  beforeFirstCluster: boolean;
  /** Offset of the element from the first byte fed. */
  offset: number;
}

/** The start of a Cluster, known as soon as its Timestamp is. */
export interface MatroskaCluster {
  /**
   * The Cluster's Timestamp, in ticks of `timecodeScaleNs`; 0 to 2^63-1. Beyond 2^53-1 it is the nearest number, which
   * `exactTimecode` may differ from by some ticks.
   */
  timecode: number;
  /** The Timestamp as written, where `timecode` does not hold it safely: above 2^53-1. */
  exactTimecode: bigint | undefined;
  /** Whether the Cluster states its size. */
  sizeKnown: boolean;
  /** Bytes of the whole element, ID and size included; undefined where unknown. */
  totalBytes: number | undefined;
  /** Offset of the element from the first byte fed. */
  offset: number;
}

/** How frames share a block (RFC 9559, section 10.3). */
export type MatroskaLacing = "none" | "xiph" | "fixed" | "ebml";

/**
 * One SimpleBlock, or Block with its BlockGroup. A reader has a single object of this kind and fills it anew for every
 * block: read what you need during the call, keep nothing of it.
 */
export interface MatroskaBlock {
  trackNumber: number;
  /** Ticks from the Cluster's Timestamp, -32768 to 32767. */
  relativeTimecode: number;
  /**
   * Cluster Timestamp + relativeTimecode, in ticks; may be negative in a Cluster at 0. Off by some ticks beyond 2^53-1:
   * compare `relativeTimecode` there.
   */
  timecode: number;
  /** SimpleBlock: its flag. BlockGroup: no ReferenceBlock. */
  keyframe: boolean;
  discardable: boolean;
  invisible: boolean;
  lacing: MatroskaLacing;
  /** Frames in the block, 1 to 256. */
  frameCount: number;
  /** Size of each frame in bytes; only the first `frameCount` values count. Reused like the block. */
  frameSizes: Float64Array;
  /** Bytes of all frames together, without block header and lacing table. */
  payloadBytes: number;
  /** BlockDuration in ticks; undefined where the block states none. */
  duration: number | undefined;
  /**
   * Offset of the first byte of the SimpleBlock or BlockGroup element, ID included, from the first byte of its Cluster.
   */
  clusterOffset: number;
  /** Offset just behind that element, from the first byte of its Cluster. */
  clusterEndOffset: number;
}
