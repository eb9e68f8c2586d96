import {
  type MatroskaCluster,
  MatroskaDemuxer,
  type MatroskaHeader,
  type MatroskaPacket,
  segmentHeader,
} from "@kvass/media";
import { type LentBytes, releaseAll } from "../lent-bytes.ts";
import type { StoredFragment } from "./archive.ts";
import type { FragmentHead } from "./layout.ts";

const NS_PER_US = 1000;

/** What a Matroska reader is to be fed before a fragment's Cluster. */
export const headOf = ({ head }: { readonly head: FragmentHead }): Uint8Array =>
  Buffer.concat([head.ebmlHeader, segmentHeader(), head.segmentElements]);

/** A Cluster's timestamp in microseconds. Divided first, as the times of frames are: both are rounded alike where they are since the epoch. */
export const clusterUs = (timecode: number, timecodeScaleNs: number): number =>
  timecode * (timecodeScaleNs / NS_PER_US);

/** Takes the frames of one stored fragment, and knows what they are counted from. */
export abstract class FragmentDemuxer {
  /** Known before the first frame. */
  header: MatroskaHeader | undefined;
  /** The Cluster's timestamp in microseconds, known before the first frame: it stands for the fragment's producer timestamp. */
  clusterUs = 0;

  onHeader(header: MatroskaHeader): void {
    this.header = header;
  }

  onClusterStart({ timecode }: MatroskaCluster): void {
    this.clusterUs = clusterUs(timecode, this.header?.timecodeScaleNs ?? 0);
  }

  /** Takes the next frame in the order of decoding; its times are those of the Cluster and its blocks. */
  abstract onPacket(packet: MatroskaPacket): void;
}

/**
 * Reads a stored fragment, piece by piece of some 1 MiB, and closes it. Each piece is handed out once the frames that end in it have been
 * taken. Most of them lie in it, and are gone when it is released.
 * @throws MatroskaError where the fragment cannot be parsed, and what reading its body throws
 */
export async function* piecesOf(fragment: StoredFragment, demuxer: FragmentDemuxer): AsyncGenerator<LentBytes, void> {
  try {
    const matroska = new MatroskaDemuxer(demuxer);
    matroska.feed(headOf(fragment));
    for await (const piece of fragment.body()) {
      try {
        matroska.feed(piece.bytes);
      } catch (error) {
        piece.release();
        throw error;
      }
      yield piece;
    }
    matroska.end();
  } finally {
    await fragment.close();
  }
}

/**
 * Reads the frames of a fragment all of which is at hand: views of `body`, its Cluster and the Tags behind it.
 * @throws MatroskaError where the fragment cannot be parsed
 */
export function demuxWhole(head: FragmentHead, body: Uint8Array, demuxer: FragmentDemuxer): void {
  const matroska = new MatroskaDemuxer(demuxer);
  matroska.feed(headOf({ head }));
  matroska.feed(body);
  matroska.end();
}

/**
 * Reads all of a stored fragment and closes it. Resolves to the pieces that its frames lie in, to be released when those are of no use any more.
 * Throws what `piecesOf` throws.
 */
export async function demuxFragment(fragment: StoredFragment, demuxer: FragmentDemuxer): Promise<LentBytes[]> {
  const pieces: LentBytes[] = [];
  try {
    for await (const piece of piecesOf(fragment, demuxer)) pieces.push(piece);
    return pieces;
  } catch (error) {
    releaseAll(pieces);
    throw error;
  }
}
