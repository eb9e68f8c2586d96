import type { MediaCodec } from "../codecs/model.ts";
import type { MatroskaTrack } from "../matroska/model.ts";
import { layOutAudio } from "./audio.ts";
import { frameSamples } from "./frame-samples.ts";
import { containerFrame } from "./frames.ts";
import { type Sample, type TimedFrame, type TimedPacket, type TrackSamples, VIDEO_TIMESCALE } from "./model.ts";
import { layOutVideo } from "./video.ts";

const NANOSECONDS_IN_MICROSECOND = 1000;

/**
 * Makes samples of one track's packets of one segment, in decode order. Times are those of the packets, less the track's
 * CodecDelay (RFC 9559, section 5.1.4.1.25), so that what is made depends on these packets alone.
 *
 * Video is decoded in the order in which it comes, each frame at the time at which one is shown; so a frame that is
 * shown before it would be decoded has a negative composition offset. Its last frame lasts to `endUs`, the start of what
 * follows without a gap on the timeline of the packets' stamps, else as long as the packet or track states, else as long
 * as the one before. Audio is laid out by the samples that each frame holds; see `layOutAudio`.
 *
 * NAL units with start codes get lengths instead, in a copy; all other frames are the packets' own data. Frames that
 * cannot be of their codec are left out and counted.
 */
export function assembleSamples(
  track: MatroskaTrack,
  codec: MediaCodec,
  packets: readonly TimedPacket[],
  endUs?: number,
): TrackSamples {
  const usable: TimedPacket[] = [];
  for (const packet of packets) {
    const data = containerFrame(codec, packet.data);
    if (data === packet.data) usable.push(packet);
    else if (data) usable.push({ ...packet, data });
  }
  return {
    track,
    codec,
    timescale: codec.kind === "video" ? VIDEO_TIMESCALE : codec.sampleRate,
    samples: layOutFrames(
      track,
      codec,
      usable,
      (data) => (codec.kind === "audio" ? frameSamples(codec, data) : 0),
      endUs,
    ),
    damagedFrames: packets.length - usable.length,
  };
}

/**
 * The same for frames that need not be at hand, in the form that containers hold, whatever stands for each: `samplesOf` tells
 * the samples of one of sound, as `frameSamples` does.
 */
export function layOutFrames<Data>(
  track: MatroskaTrack,
  codec: MediaCodec,
  frames: readonly TimedFrame<Data>[],
  samplesOf: (data: Data) => number,
  endUs?: number,
): Sample<Data>[] {
  const delayUs = track.codecDelayNs / NANOSECONDS_IN_MICROSECOND;
  if (codec.kind === "video") return layOutVideo(track, frames, delayUs, endUs);
  return layOutAudio(track, codec, frames, delayUs, samplesOf);
}
