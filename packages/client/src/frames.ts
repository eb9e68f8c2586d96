/** One frame of one track, as it comes out of an encoder or a file. */
export interface Frame {
  /** Track number, as the track list has it. */
  readonly track: number;
  /** Presentation time in milliseconds: since the epoch, or since any start of one's own. Fractions are kept as far as the ticks allow. */
  readonly timestamp: number;
  /** Whether decoding can begin here. Audio frames usually all are. */
  readonly keyframe: boolean;
  /** The frame as Matroska stores it for its codec (H.264 and H.265: NAL units behind their lengths). */
  readonly data: Uint8Array;
}
