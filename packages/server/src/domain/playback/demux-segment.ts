import type { MatroskaCluster, MatroskaPacket, MatroskaTrack, TimedPacket } from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { StoredFragment } from "../fragments/archive.ts";
import { demuxFragment, demuxWhole, FragmentDemuxer } from "../fragments/demux-fragment.ts";
import type { FragmentHead } from "../fragments/layout.ts";
import { type LentBytes, releaseAll } from "../lent-bytes.ts";

const US_PER_MS = 1000;

/** A track of a segment, with its frames in decode order; times in microseconds since the epoch on the producer's clock. */
export interface DemuxedTrack {
  readonly track: MatroskaTrack;
  readonly packets: TimedPacket[];
}

/** Collects the frames of one segment's fragments, which have the same tracks. They are gone when it is released. */
export class SegmentDemuxer {
  readonly #tracks = new Map<number, DemuxedTrack>();
  readonly #pieces: LentBytes[] = [];

  /**
   * Adds the next fragment of the segment.
   * @throws RecordDamaged, FragmentGone, MatroskaError
   */
  async add(fragment: StoredFragment): Promise<void> {
    const reader = this.#reader(fragment.row);
    this.#pieces.push(...(await demuxFragment(fragment, reader)));
    this.#addTracks(reader);
  }

  /**
   * Adds the next fragment, all of which is at hand. Its frames are views of `body`.
   * @param body the Cluster, and the Tags behind it
   * @throws MatroskaError
   */
  addWhole(row: FragmentRow, head: FragmentHead, body: Uint8Array): void {
    const reader = this.#reader(row);
    demuxWhole(head, body, reader);
    this.#addTracks(reader);
  }

  #reader({ producerTimestamp }: FragmentRow): FragmentReader {
    return new FragmentReader(producerTimestamp, (track, packet) => this.#take(track, packet));
  }

  #addTracks(reader: FragmentReader): void {
    // Those without a frame here too: the place of a track shall be the same in all segments.
    for (const track of reader.header?.tracks ?? []) this.#trackOf(track);
  }

  /** The video track, where there is one, and behind it those of sound, each by its number; any of them may have no frames. */
  playable(): DemuxedTrack[] {
    const tracks = [...this.#tracks.values()].sort((a, b) => a.track.number - b.track.number);
    const video = tracks.find(({ track }) => track.type === "video");
    const audio = tracks.filter(({ track }) => track.type === "audio");
    return video === undefined ? audio : [video, ...audio];
  }

  /** Lets go of the frames. */
  release(): void {
    releaseAll(this.#pieces.splice(0));
  }

  #take(track: MatroskaTrack, packet: TimedPacket): void {
    this.#trackOf(track).packets.push(packet);
  }

  #trackOf(track: MatroskaTrack): DemuxedTrack {
    let demuxed = this.#tracks.get(track.number);
    if (demuxed === undefined) {
      demuxed = { track, packets: [] };
      this.#tracks.set(track.number, demuxed);
    }
    return demuxed;
  }
}

/** Puts the frames of one fragment on the producer's clock. */
class FragmentReader extends FragmentDemuxer {
  readonly #producerTimestamp: number;
  readonly #take: (track: MatroskaTrack, packet: TimedPacket) => void;
  #offsetUs = 0;

  constructor(producerTimestamp: number, take: (track: MatroskaTrack, packet: TimedPacket) => void) {
    super();
    this.#producerTimestamp = producerTimestamp;
    this.#take = take;
  }

  override onClusterStart(cluster: MatroskaCluster): void {
    super.onClusterStart(cluster);
    this.#offsetUs = this.#producerTimestamp * US_PER_MS - this.clusterUs;
  }

  onPacket({ track, timestampUs, durationUs, keyframe, data }: MatroskaPacket): void {
    this.#take(track, { data, timestampUs: timestampUs + this.#offsetUs, durationUs, keyframe });
  }
}

/** The first frame of a track that can be decoded alone: it may tell what the track's header does not. */
export function keyFrameOf({ packets }: DemuxedTrack): Uint8Array | undefined {
  return packets.find(({ keyframe }) => keyframe)?.data;
}
