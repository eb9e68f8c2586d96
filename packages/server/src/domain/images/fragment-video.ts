import { MatroskaDemuxer, type MatroskaTrack, segmentHeader } from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentArchive, StoredFragment } from "../fragments/archive.ts";
import type { KeyOwner } from "../keys/data-keys.ts";

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
}

const MICROSECONDS = 1000;

/** Collects the frames of the first video track of one fragment. */
class VideoCollector {
  readonly demuxer: MatroskaDemuxer;
  readonly frames: VideoFrame[] = [];
  track: MatroskaTrack | undefined;
  bytes = 0;
  #tickUs = MICROSECONDS;
  #startUs: number | undefined;

  constructor(row: FragmentRow) {
    this.demuxer = new MatroskaDemuxer({
      onHeader: ({ tracks, timecodeScaleNs }) => {
        this.track = tracks.find(({ type }) => type === "video");
        this.#tickUs = timecodeScaleNs / MICROSECONDS;
      },
      onClusterStart: ({ timecode }) => {
        this.#startUs ??= timecode * this.#tickUs;
      },
      onPacket: ({ track, timestampUs, keyframe, data }) => {
        if (track !== this.track || data.length === 0) return;
        const offset = (timestampUs - (this.#startUs ?? 0)) / MICROSECONDS;
        this.frames.push({ data, time: row.producerTimestamp + offset, keyframe });
        this.bytes += data.length;
      },
    });
  }
}

/**
 * Reads the video of a stored fragment.
 *
 * @throws FragmentGone, RecordDamaged, LayoutError and KeyUnavailable as the archive does
 * @throws MatroskaError where it is no faultless Matroska
 */
export async function readVideo(archive: FragmentArchive, owner: KeyOwner, row: FragmentRow): Promise<FragmentVideo> {
  const fragment: StoredFragment = await archive.open(owner, row);
  const collector = new VideoCollector(row);
  try {
    const { ebmlHeader, segmentElements } = fragment.head;
    for (const part of [ebmlHeader, segmentHeader(), segmentElements]) collector.demuxer.feed(part);
    for await (const part of fragment.body()) collector.demuxer.feed(part);
    collector.demuxer.end();
  } finally {
    await fragment.close();
  }
  const { track, frames, bytes } = collector;
  return { track, frames, bytes };
}
