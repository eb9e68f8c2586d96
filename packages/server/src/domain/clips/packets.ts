import { MatroskaDemuxer, type MatroskaHeader, type MatroskaPacket, segmentHeader } from "@kvass/media";
import type { StoredFragment } from "../fragments/archive.ts";

const NS_PER_US = 1000;

/** A piece of a fragment, some 1 MiB, and the frames that end in it. */
export interface FragmentPiece {
  /** The piece's bytes: an own buffer of the reader, in which most of the packets lie. */
  readonly bytes: Uint8Array;
  /** In decode order; timestamps are those of the fragment's Cluster and blocks. */
  readonly packets: readonly MatroskaPacket[];
  /** The Cluster's timestamp in microseconds. */
  readonly clusterUs: number;
  readonly header: MatroskaHeader;
}

class PacketCollector {
  header: MatroskaHeader | undefined;
  clusterUs = 0;
  #packets: MatroskaPacket[] = [];

  onHeader(header: MatroskaHeader): void {
    this.header = header;
  }

  onClusterStart({ timecode }: { timecode: number }): void {
    this.clusterUs = (timecode * (this.header?.timecodeScaleNs ?? 0)) / NS_PER_US;
  }

  onPacket(packet: MatroskaPacket): void {
    this.#packets.push(packet);
  }

  take(): MatroskaPacket[] {
    const packets = this.#packets;
    this.#packets = [];
    return packets;
  }
}

/**
 * The frames of a stored fragment, piece by piece. The pieces do not depend on when or how fast they are read.
 * @throws MatroskaError where the fragment cannot be parsed, and what reading its body throws
 */
export async function* piecesOf(fragment: StoredFragment): AsyncGenerator<FragmentPiece, void> {
  const collector = new PacketCollector();
  const demuxer = new MatroskaDemuxer(collector);
  const { ebmlHeader, segmentElements } = fragment.head;
  demuxer.feed(Buffer.concat([ebmlHeader, segmentHeader(), segmentElements]));
  for await (const bytes of fragment.body()) {
    demuxer.feed(bytes);
    const { header, clusterUs } = collector;
    if (header !== undefined) yield { bytes, packets: collector.take(), clusterUs, header };
  }
  demuxer.end();
}
