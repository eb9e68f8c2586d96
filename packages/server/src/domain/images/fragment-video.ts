import type { MatroskaHeader, MatroskaPacket, MatroskaTrack } from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentArchive } from "../fragments/archive.ts";
import { demuxFragment, FragmentDemuxer } from "../fragments/demux-fragment.ts";
import type { KeyOwner } from "../keys/data-keys.ts";
import type { LentBytes } from "../lent-bytes.ts";

/** A frame of a stored fragment. */
export interface VideoFrame {
  readonly data: Uint8Array;
  /** When it is to be seen, in milliseconds since the epoch on the producer's clock. */
  readonly time: number;
  readonly keyframe: boolean;
}

/** What a fragment holds of its first video track. */
export interface FragmentVideo {
  /** Undefined where the producer declared no video. */
  readonly track: MatroskaTrack | undefined;
  /** In the order of decoding. */
  readonly frames: readonly VideoFrame[];
  /** Bytes of all frames. */
  readonly bytes: number;
  /** What the frames lie in, to be released when they are of no use any more. */
  readonly pieces: readonly LentBytes[];
}

const US_PER_MS = 1000;

/** Collects the frames of the first video track of one fragment. */
class VideoCollector extends FragmentDemuxer {
  readonly frames: VideoFrame[] = [];
  track: MatroskaTrack | undefined;
  bytes = 0;
  readonly #producerTimestamp: number;

  constructor({ producerTimestamp }: FragmentRow) {
    super();
    this.#producerTimestamp = producerTimestamp;
  }

  override onHeader(header: MatroskaHeader): void {
    super.onHeader(header);
    this.track = header.tracks.find(({ type }) => type === "video");
  }

  onPacket({ track, timestampUs, keyframe, data }: MatroskaPacket): void {
    if (track !== this.track || data.length === 0) return;
    const offset = (timestampUs - this.clusterUs) / US_PER_MS;
    this.frames.push({ data, time: this.#producerTimestamp + offset, keyframe });
    this.bytes += data.length;
  }
}

/**
 * Reads the video of a stored fragment.
 *
 * @throws FragmentGone, RecordDamaged, LayoutError and KeyUnavailable as the archive does
 * @throws MatroskaError where it is no faultless Matroska
 */
export async function readVideo(archive: FragmentArchive, owner: KeyOwner, row: FragmentRow): Promise<FragmentVideo> {
  const collector = new VideoCollector(row);
  const pieces = await demuxFragment(await archive.open(owner, row), collector);
  const { track, frames, bytes } = collector;
  return { track, frames, bytes, pieces };
}
