import type { MediaCodec } from "@kvass/media";
import { DomainError } from "../errors.ts";
import type { BuiltSegment } from "./built-segment.ts";
import type { SessionParameters } from "./parameters.ts";

/** A track as a session offers it. */
export interface Track {
  /** `TrackNumber`: 1 for the video track, or for the only sound there is; the others behind it. */
  readonly number: number;
  readonly codec: MediaCodec;
  /** Its number in the producer's header. */
  readonly source: number;
  readonly name: string | undefined;
  /** Matroska language code. */
  readonly language: string;
  /** Frames a second: what the stream states, else what was counted; undefined for sound. */
  readonly frameRate: number | undefined;
  /** Bits a second of the first segment. */
  readonly bandwidth: number;
  /** Bytes beside each frame in fragmented MP4, about. */
  readonly headBytesPerFrame: number;
}

type CodecName = MediaCodec["name"];

/** What players of each protocol and container take. G.711 has no mapping in HLS. */
const PLAYABLE: Readonly<Record<"hls-fmp4" | "hls-ts" | "dash-fmp4", readonly CodecName[]>> = {
  "hls-fmp4": ["h264", "h265", "av1", "vp9", "aac", "opus", "mp3"],
  "hls-ts": ["h264", "h265", "aac", "mp3"],
  "dash-fmp4": ["h264", "h265", "av1", "vp9", "aac", "opus", "mp3", "pcma", "pcmu"],
};

/** The same where AWS's limits hold (AWS docs, "Video playback", "Supported codecs"). */
const PLAYABLE_ON_AWS: typeof PLAYABLE = {
  "hls-fmp4": ["h264", "h265", "aac"],
  "hls-ts": ["h264", "aac"],
  "dash-fmp4": ["h264", "h265", "aac", "pcma", "pcmu"],
};

/** The tracks of a session that begins with this segment. */
export function tracksOf({ tracks }: BuiltSegment): Track[] {
  return tracks.map(({ frames, durationMs, frameBytes, headBytes, ...track }, index) => {
    const { codec, source, name, language } = track;
    const counted = frames > 1 && durationMs > 0 ? (frames * 1000) / durationMs : undefined;
    const frameRate = codec.kind === "video" ? (codec.frameRate ?? counted) : undefined;
    const bandwidth = Math.ceil(((frameBytes + headBytes) * 8 * 1000) / Math.max(1, durationMs));
    const headBytesPerFrame = headBytes / Math.max(1, frames);
    return { number: index + 1, codec, source, name, language, frameRate, bandwidth, headBytesPerFrame };
  });
}

/**
 * Checks that all tracks can be played as the session wants them.
 * @throws DomainError `unsupported-media`, with the codec named
 */
export function checkPlayable(
  tracks: readonly Track[],
  { protocol, container }: Pick<SessionParameters, "protocol" | "container">,
  awsCodecs: boolean,
): void {
  const kind = protocol === "dash" ? "dash-fmp4" : container === "ts" ? "hls-ts" : "hls-fmp4";
  const playable = (awsCodecs ? PLAYABLE_ON_AWS : PLAYABLE)[kind];
  const words = { "hls-fmp4": "HLS with fragmented MP4", "hls-ts": "HLS with MPEG-TS", "dash-fmp4": "DASH" }[kind];
  if (tracks.length === 0) throw unsupported("The stream has neither video nor sound.");
  for (const { codec, number } of tracks) {
    if (!playable.includes(codec.name)) {
      throw unsupported(
        `Track ${number} has the codec ${codec.name} (${codec.rfc6381}), which ${words} does not carry.`,
      );
    }
  }
  const sound = tracks.filter(({ codec }) => codec.kind === "audio").length;
  if (awsCodecs && sound > 1) throw unsupported(`The stream has ${sound} tracks of sound, at most one is played.`);
}

const unsupported = (message: string): DomainError => new DomainError("unsupported-media", message);
