import { vintLengthFor, writeVint } from "../ebml/vint.ts";
import { concatBytes, elementHeader, uintElement } from "./element-writer.ts";
import { ID } from "./ids.ts";

const UNKNOWN_CLUSTER_SIZE = Uint8Array.of(0x1f, 0x43, 0xb6, 0x75, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);

/** What a SimpleBlock says of its frame. */
export interface SimpleBlockSettings {
  /** 1 to 2^53-1. */
  trackNumber: number;
  /** Ticks from the Cluster's Timestamp, -32768 to 32767. */
  relativeTimecode: number;
  keyframe: boolean;
  discardable?: boolean;
}

/**
 * Everything of a SimpleBlock (RFC 9559, section 10.2) that precedes the frame: ID, size, track number, timestamp,
 * flags. The frame itself need not be copied behind it. Throws a `RangeError` where a number does not fit.
 */
export function simpleBlockHeader(settings: SimpleBlockSettings, frameBytes: number): Uint8Array {
  const { trackNumber, relativeTimecode, keyframe, discardable = false } = settings;
  if (!Number.isInteger(relativeTimecode) || relativeTimecode < -0x8000 || relativeTimecode > 0x7fff) {
    throw new RangeError(`a block lies -32768 to 32767 ticks from its Cluster, not ${relativeTimecode}`);
  }
  if (!Number.isSafeInteger(trackNumber) || trackNumber < 1)
    throw new RangeError(`a track number is not ${trackNumber}`);
  const trackLength = vintLengthFor(trackNumber);
  const size = trackLength + 3 + frameBytes;
  const sizeLength = vintLengthFor(size);
  const header = new Uint8Array(1 + sizeLength + trackLength + 3);
  header[0] = ID.SimpleBlock;
  writeVint(header, 1, size, sizeLength);
  writeVint(header, 1 + sizeLength, trackNumber, trackLength);
  const at = 1 + sizeLength + trackLength;
  header[at] = relativeTimecode >> 8;
  header[at + 1] = relativeTimecode;
  header[at + 2] = (keyframe ? 0x80 : 0) | (discardable ? 0x01 : 0);
  return header;
}

/** A whole SimpleBlock, the frame copied. */
export function simpleBlock(settings: SimpleBlockSettings, frame: Uint8Array): Uint8Array {
  return concatBytes([simpleBlockHeader(settings, frame.length), frame]);
}

/**
 * The start of a Cluster: ID, size, Timestamp in ticks. Without `blockBytes`, the total of all that follows in the
 * Cluster, its size is unknown, and it lasts to the next level-1 element.
 */
export function clusterHeader(timecode: number, blockBytes?: number): Uint8Array {
  if (!Number.isSafeInteger(timecode) || timecode < 0) throw new RangeError(`a Cluster's Timestamp is not ${timecode}`);
  const timestamp = uintElement(ID.Timestamp, timecode);
  const start =
    blockBytes === undefined ? UNKNOWN_CLUSTER_SIZE : elementHeader(ID.Cluster, timestamp.length + blockBytes);
  return concatBytes([start, timestamp]);
}
