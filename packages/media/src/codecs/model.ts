/** Video codecs that playback has a mapping for. */
export type VideoCodecName = "h264" | "h265" | "av1" | "vp9";

/** Audio codecs that playback has a mapping for; pcma and pcmu are the A-law and mu-law of ITU-T G.711. */
export type AudioCodecName = "aac" | "opus" | "pcma" | "pcmu" | "mp3";

/** How decoded values stand for colours: code points of ITU-T H.273, section 8. */
export interface VideoColor {
  readonly primaries: number;
  readonly transfer: number;
  readonly matrix: number;
  /** Whether luma uses all values, not 16 to 235 (of 8 bits). */
  readonly fullRange: boolean;
}

/** A ratio of two positive integers. */
export interface Ratio {
  readonly numerator: number;
  readonly denominator: number;
}

/** A video track, described as far as its codec's set-up tells. */
export interface VideoCodec {
  readonly kind: "video";
  readonly name: VideoCodecName;
  /**
   * The `codecs` parameter of RFC 6381, such as "avc1.64001f"; its first four characters are the sample entry's type.
   */
  readonly rfc6381: string;
  /** Pixels after cropping. */
  readonly width: number;
  readonly height: number;
  /** Pixels after the sample aspect ratio has been applied. */
  readonly displayWidth: number;
  readonly displayHeight: number;
  /** Width of a pixel to its height. */
  readonly sampleAspect: Ratio;
  /** Frames a second, where the stream or else its track states it. */
  readonly frameRate: number | undefined;
  /** How many frames may precede one in decode order and follow it on the screen, where the stream states it. */
  readonly reorderFrames: number | undefined;
  /**
   * The same where it is stated, else how many frames encoders reorder that keep as many reference frames as the stream states: one of them is
   * what a frame that is shown at once refers to.
   */
  readonly reorderLimit: number;
  /** Undefined where the stream does not describe it. */
  readonly color: VideoColor | undefined;
  /**
   * Contents of the configuration box: avcC or hvcC (ISO/IEC 14496-15), av1C (AV1-ISOBMFF), or vpcC behind its version
   * and flags (VP9-ISOBMFF).
   */
  readonly configuration: Uint8Array;
  /** Bytes of the length before each NAL unit: 1 to 4 for h264 and h265, 0 for codecs without NAL units. */
  readonly nalLengthBytes: number;
}

/** An audio track, described as far as its codec's set-up tells. */
export interface AudioCodec {
  readonly kind: "audio";
  readonly name: AudioCodecName;
  /** The `codecs` parameter of RFC 6381, such as "mp4a.40.2". */
  readonly rfc6381: string;
  /** Hz of the decoded sound, extensions such as SBR included. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples that each frame decodes to, at `sampleRate`; undefined where frames differ (Opus, G.711). */
  readonly samplesPerFrame: number | undefined;
  /** AudioSpecificConfig (aac, ISO/IEC 14496-3), OpusHead (opus, RFC 7845), else empty. */
  readonly configuration: Uint8Array;
}

/** A track's codec. */
export type MediaCodec = VideoCodec | AudioCodec;

/**
 * Why a track cannot be described:
 * - `unsupported`: the codec has no mapping here
 * - `missing-configuration`: it needs set-up data (CodecPrivate) that the track does not bring
 * - `invalid-configuration`: the set-up data cannot be read
 */
export type CodecErrorCode = "unsupported" | "missing-configuration" | "invalid-configuration";

/** A track's codec, or its set-up data, is none that can be played back. */
export class CodecError extends Error {
  override readonly name = "CodecError";
  readonly code: CodecErrorCode;
  /** The track's Matroska CodecID. */
  readonly codecId: string;

  constructor(code: CodecErrorCode, codecId: string, detail: string) {
    super(`${codecId}: ${detail}`);
    this.code = code;
    this.codecId = codecId;
  }
}
