/** A Partial Segment (rfc8216bis, section 4.4.4.9). */
export interface PlaylistPart {
  readonly uri: string;
  /** Milliseconds, at most the playlist's `partTargetMs`. */
  readonly durationMs: number;
  /** Whether it contains a frame that decoding can begin with. */
  readonly independent?: boolean | undefined;
  /** Whether it cannot be fetched. */
  readonly gap?: boolean | undefined;
}

/** What a segment has from its beginning, before its end is known. */
export interface SegmentStart {
  /** Whether encoding or timestamps break between the segment before and this one. */
  readonly discontinuity?: boolean | undefined;
  /** URI of the initialization section; a line is written where it differs from the segment's before. */
  readonly map?: string | undefined;
  /** Clock time of the first sample: milliseconds since 1970 in UTC. */
  readonly programDateTimeMs?: number | undefined;
  /** The parts that it is, or shall be, made of. */
  readonly parts?: readonly PlaylistPart[] | undefined;
}

/** A Media Segment (RFC 8216, section 3). */
export interface PlaylistSegment extends SegmentStart {
  /**
   * What its URI has between the playlist's `uriPrefix` and `uriSuffix`; or the ASCII of it, which is copied as it is, for
   * playlists so long that strings cost too much.
   */
  readonly name: string | Uint8Array;
  /**
   * Milliseconds, written to the nearest. Where starts have a finer clock, round the starts, not the durations: players
   * add them up.
   */
  readonly durationMs: number;
  /** Whether it is known to be missing and cannot be fetched. */
  readonly gap?: boolean | undefined;
}

/** How far another rendition of the same presentation has come (rfc8216bis, section 4.4.5.4). */
export interface RenditionReport {
  /** URI of its Media Playlist, relative to the one that reports. */
  readonly uri: string;
  /** Media Sequence Number of its last segment, or of the open one where that has parts. */
  readonly lastMsn: number;
  /** Index of its last part. */
  readonly lastPart?: number | undefined;
}

/** What makes a Media Playlist a low-latency one (rfc8216bis). */
export interface LowLatency {
  /** The longest that a part may be, in milliseconds. */
  readonly partTargetMs: number;
  /** How far from the end to play, in milliseconds: by default, and at least, three times `partTargetMs`. */
  readonly partHoldBackMs?: number | undefined;
  /** URI of the next part, which may be asked for before it exists. */
  readonly preloadHint?: string | undefined;
  readonly renditionReports?: readonly RenditionReport[] | undefined;
}

/** What a Media Playlist says of itself before its segments. */
export interface MediaPlaylistHead {
  /** What each segment's URI begins with. */
  readonly uriPrefix: string;
  /** What each segment's URI ends with. */
  readonly uriSuffix: string;
  /** VOD: nothing will change; EVENT: segments are only added. */
  readonly type?: "VOD" | "EVENT" | undefined;
  /**
   * Seconds, by default those of the longest segment, rounded up. It may not change while a playlist is reloaded, so
   * give it for one that grows.
   */
  readonly targetDurationSeconds?: number | undefined;
  /** Number of the first segment; 0 by default. */
  readonly mediaSequence?: number | undefined;
  /** Discontinuities that the window has left behind; no line without it. */
  readonly discontinuitySequence?: number | undefined;
  /** Whether each segment can be decoded by itself. */
  readonly independentSegments?: boolean | undefined;
  /** Whether `_HLS_msn` and `_HLS_part` are honoured. */
  readonly canBlockReload?: boolean | undefined;
  /** How far from the end to play without low latency, in milliseconds, at least three target durations. */
  readonly holdBackMs?: number | undefined;
  /** Milliseconds from the end up to which a delta update keeps segments, at least six target durations. */
  readonly canSkipUntilMs?: number | undefined;
  readonly lowLatency?: LowLatency | undefined;
}

/** What a Media Playlist says behind its segments. */
export interface MediaPlaylistEnd {
  /** Whether a discontinuity follows the last segment, whatever comes next. */
  readonly endsInDiscontinuity?: boolean | undefined;
  /** Whether nothing will be added. */
  readonly ended?: boolean | undefined;
}

/** A Media Playlist (RFC 8216, section 4.3.3; rfc8216bis, section 4.4.3). */
export interface MediaPlaylist extends MediaPlaylistHead, MediaPlaylistEnd {
  readonly segments: readonly PlaylistSegment[];
  /** The segment after the last, whose parts can be played before it is complete. */
  readonly open?: SegmentStart | undefined;
  /** Whether to leave out the segments beyond `canSkipUntilMs`, as a request with `_HLS_skip=YES` wants. */
  readonly delta?: boolean | undefined;
}

/** A Rendition of sound (RFC 8216, section 4.3.4.1). */
export interface AudioRendition {
  readonly groupId: string;
  /** For people; characters that a playlist cannot hold are replaced. */
  readonly name: string;
  /** Of its Media Playlist; without it the sound is in the variants themselves. */
  readonly uri?: string | undefined;
  /** RFC 5646. */
  readonly language?: string | undefined;
  /** Whether it plays where nobody chose; at most one of a group. */
  readonly isDefault?: boolean | undefined;
  readonly channels?: number | undefined;
}

/** A Variant Stream (RFC 8216, section 4.3.4.2). */
export interface VariantStream {
  /** Of its Media Playlist. */
  readonly uri: string;
  /** Peak bits a second, the sound's included. */
  readonly bandwidth: number;
  /** Bits a second on average, the sound's included. */
  readonly averageBandwidth?: number | undefined;
  /** RFC 6381, one for each codec of the variant and its renditions. */
  readonly codecs: readonly string[];
  /** Pixels to show it at. */
  readonly resolution?: { readonly width: number; readonly height: number } | undefined;
  /** Frames a second at most; written with up to three decimals. */
  readonly frameRate?: number | undefined;
  /** `groupId` of its sound. */
  readonly audioGroup?: string | undefined;
  /** Transfer characteristics where they are not those of standard dynamic range (rfc8216bis, section 4.4.6.2). */
  readonly videoRange?: "SDR" | "HLG" | "PQ" | undefined;
}

/** A Multivariant Playlist, called Master Playlist in RFC 8216 (section 4.3.4). */
export interface MultivariantPlaylist {
  readonly renditions?: readonly AudioRendition[] | undefined;
  /** At least one. */
  readonly variants: readonly VariantStream[];
  /** Whether each segment of each Media Playlist can be decoded by itself. */
  readonly independentSegments?: boolean | undefined;
}
