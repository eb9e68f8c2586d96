import {
  type MatroskaCluster,
  MatroskaDemuxer,
  type MatroskaHeader,
  type MatroskaPacket,
  segmentHeader,
} from "@kvass/media";
import type { StoredFragment } from "./archive.ts";

const NS_PER_US = 1000;

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
    // Divided first, as the times of frames are: both are rounded alike where they are since the epoch.
    this.clusterUs = timecode * ((this.header?.timecodeScaleNs ?? 0) / NS_PER_US);
  }

  /** Takes the next frame in the order of decoding; its times are those of the Cluster and its blocks. */
  abstract onPacket(packet: MatroskaPacket): void;
}

/**
 * Reads a stored fragment, piece by piece of some 1 MiB, and closes it. Each piece is handed out once the frames that end in it have been
 * taken; it is an own buffer, in which most of them lie.
 * @throws MatroskaError where the fragment cannot be parsed, and what reading its body throws
 */
export async function* piecesOf(fragment: StoredFragment, demuxer: FragmentDemuxer): AsyncGenerator<Uint8Array, void> {
  try {
    const matroska = new MatroskaDemuxer(demuxer);
    const { ebmlHeader, segmentElements } = fragment.head;
    matroska.feed(Buffer.concat([ebmlHeader, segmentHeader(), segmentElements]));
    for await (const bytes of fragment.body()) {
      matroska.feed(bytes);
      yield bytes;
    }
    matroska.end();
  } finally {
    await fragment.close();
  }
}

/** Reads all of a stored fragment and closes it. Throws what `piecesOf` throws. */
export async function demuxFragment(fragment: StoredFragment, demuxer: FragmentDemuxer): Promise<void> {
  const pieces = piecesOf(fragment, demuxer);
  while ((await pieces.next()).done !== true);
}
