import type { MatroskaHeader, MatroskaPacket } from "@kvass/media";
import type { StoredFragment } from "../fragments/archive.ts";
import { FragmentDemuxer, piecesOf } from "../fragments/demux-fragment.ts";
import type { LentBytes } from "../lent-bytes.ts";

/** A piece of a fragment, some 1 MiB, and the frames that end in it, most of which lie in it. */
export interface FragmentPiece extends LentBytes {
  /** In decode order; timestamps are those of the fragment's Cluster and blocks. */
  readonly packets: readonly MatroskaPacket[];
  /** The Cluster's timestamp in microseconds. */
  readonly clusterUs: number;
  readonly header: MatroskaHeader;
}

class PacketCollector extends FragmentDemuxer {
  #packets: MatroskaPacket[] = [];

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
export async function* packetsOf(fragment: StoredFragment): AsyncGenerator<FragmentPiece, void> {
  const collector = new PacketCollector();
  for await (const { bytes, release } of piecesOf(fragment, collector)) {
    const { header, clusterUs } = collector;
    if (header === undefined) release();
    else yield { bytes, release, packets: collector.take(), clusterUs, header };
  }
}
