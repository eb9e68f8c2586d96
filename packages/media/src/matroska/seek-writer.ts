import { element, uintElement } from "./element-writer.ts";
import { ID } from "./ids.ts";

/** Elements that Kvass writes but has no use for when reading (RFC 9559, sections 5.1.1 and 5.1.5). */
const SEEK = 0x4dbb;
const SEEK_ID = 0x53ab;
const SEEK_POSITION = 0x53ac;
const CUE_POINT = 0xbb;
const CUE_TIME = 0xb3;
const CUE_TRACK_POSITIONS = 0xb7;
const CUE_TRACK = 0xf7;
const CUE_CLUSTER_POSITION = 0xf1;

/** The level-1 elements that a SeekHead can name here. */
export type SeekTarget = "Info" | "Tracks" | "Cues";

/** Positions take all 8 bytes, so that a SeekHead has the same size whatever it says, and can be written over later. */
const POSITION_LENGTH = 8;

function idBytes(id: number): Uint8Array {
  return Uint8Array.of(id >>> 24, id >>> 16, id >>> 8, id);
}

/** A SeekHead (RFC 9559, section 5.1.1). Positions in bytes from the first byte of the Segment's data. */
export function seekHead(targets: readonly (readonly [target: SeekTarget, position: number])[]): Uint8Array {
  const seeks = targets.map(([target, position]) =>
    element(SEEK, [element(SEEK_ID, idBytes(ID[target])), uintElement(SEEK_POSITION, position, POSITION_LENGTH)]),
  );
  return element(ID.SeekHead, seeks);
}

/** Where a player can begin to read. */
export interface CuePoint {
  /** Presentation time in ticks. */
  timecode: number;
  trackNumber: number;
  /** Of the Cluster's first byte, from the first byte of the Segment's data. */
  clusterPosition: number;
}

/** A Cues element (RFC 9559, section 5.1.5). */
export function cuesElement(points: readonly CuePoint[]): Uint8Array {
  const cues = points.map(({ timecode, trackNumber, clusterPosition }) =>
    element(CUE_POINT, [
      uintElement(CUE_TIME, timecode),
      element(CUE_TRACK_POSITIONS, [
        uintElement(CUE_TRACK, trackNumber),
        uintElement(CUE_CLUSTER_POSITION, clusterPosition),
      ]),
    ]),
  );
  return element(ID.Cues, cues);
}
