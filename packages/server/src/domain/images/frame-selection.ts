import type { VideoCodec } from "@kvass/media";
import type { Bitstream } from "./bitstream.ts";
import type { QueuedFrame } from "./decoder-process.ts";
import type { VideoFrame } from "./fragment-video.ts";

/** Which of some frames, given in the order of decoding, is seen at a moment: the latest that is not later; undefined where all are. */
export function frameAt(frames: readonly VideoFrame[], time: number): number | undefined {
  let found: number | undefined;
  for (let at = 0; at < frames.length; at++) {
    const frame = frames[at]!;
    if (frame.time <= time && (found === undefined || frame.time >= frames[found]!.time)) found = at;
  }
  return found;
}

/** The earliest frame to be seen, undefined where there is none. */
export function firstShown(frames: readonly VideoFrame[]): number | undefined {
  let found: number | undefined;
  for (let at = 0; at < frames.length; at++) {
    if (found === undefined || frames[at]!.time < frames[found]!.time) found = at;
  }
  return found;
}

/**
 * The key frame that decoding must begin with to get the frame `wanted`; undefined where it is not among the frames. A frame that is
 * seen before a key frame but decoded after it (open groups of pictures) needs the group before.
 */
export function keyFrameFor(frames: readonly VideoFrame[], wanted: number): number | undefined {
  for (let at = wanted; at >= 0; at--) {
    if (frames[at]!.keyframe && frames[at]!.time <= frames[wanted]!.time) return at;
  }
  return undefined;
}

/**
 * What a decoder is given to get some frames of `frames` (indexes, ascending): those from the key frame `start` to the last of them, without
 * those that none of them needs. The rank of a frame is its place in the order of presentation.
 */
export function framesToQueue(
  frames: readonly VideoFrame[],
  start: number,
  wanted: readonly number[],
  codec: VideoCodec,
  bitstream: Bitstream,
): { readonly queue: QueuedFrame[]; readonly indexOf: ReadonlyMap<number, number> } {
  const needed = neededFrames(frames, start, wanted, codec, bitstream);
  const byTime = needed.map(({ at }) => at).sort((a, b) => frames[a]!.time - frames[b]!.time || a - b);
  const rankOf = new Map(byTime.map((at, rank) => [at, rank]));
  const setUp = bitstream.setUp(codec);
  const queue = needed.map(({ at, pieces, keyframe }) => ({
    pieces: at === start ? [...setUp, ...pieces] : pieces,
    keyframe,
    rank: rankOf.get(at)!,
    isWanted: wanted.includes(at),
    pixels: codec.width * codec.height,
  }));
  return { queue, indexOf: new Map(byTime.map((at, rank) => [rank, at])) };
}

function neededFrames(
  frames: readonly VideoFrame[],
  start: number,
  wanted: readonly number[],
  codec: VideoCodec,
  bitstream: Bitstream,
): { at: number; pieces: readonly Uint8Array[]; keyframe: boolean }[] {
  const needed: { at: number; pieces: readonly Uint8Array[]; keyframe: boolean }[] = [];
  let highestLayer = 0;
  for (let at = wanted.at(-1)!; at >= start; at--) {
    const { data, keyframe } = frames[at]!;
    const frame = bitstream.frame(data, keyframe, codec);
    if (frame.pieces.length === 0) continue;
    if (!wanted.includes(at) && highestLayer <= frame.unusedUpTo) continue;
    highestLayer = Math.max(highestLayer, frame.layer);
    needed.push({ at, pieces: frame.pieces, keyframe });
  }
  return needed.reverse();
}
