import type { Ratio } from "../codecs/model.ts";

/** One segment of a SegmentTimeline: an S element (ISO/IEC 23009-1, section 5.3.9.6). Times in the template's ticks. */
export interface TimelineSegment {
  /** Of its earliest sample, on the media timeline; not before the end of the segment before. */
  readonly time: number;
  readonly duration: number;
  /** Clock time of its first sample, milliseconds since 1970 in UTC: written as `kvs:ts`. */
  readonly fragmentTimestampMs?: number | undefined;
  /** Decimal digits: written as `kvs:fn`. */
  readonly fragmentNumber?: string | undefined;
}

/** How segments are addressed: a SegmentTemplate element (ISO/IEC 23009-1, section 5.3.9.4). */
export interface SegmentTemplate {
  /** Ticks a second. */
  readonly timescale: number;
  /** URI of the initialization segment. */
  readonly initialization: string;
  /** URI with `$Number$` or `$Time$` in it; any other dollar sign is doubled. */
  readonly media: string;
  /** Number of the first segment of the timeline; 1 by default. */
  readonly startNumber?: number | undefined;
  /** Ticks on the media timeline at which the period starts; 0 by default. */
  readonly presentationTimeOffset?: number | undefined;
  /** In order; looked through once. */
  readonly segments: Iterable<TimelineSegment>;
}

/** One encoding of an adaptation set (ISO/IEC 23009-1, section 5.3.5). */
export interface Representation {
  readonly id: string;
  /** Bits a second that suffice to play without a halt. */
  readonly bandwidth: number;
  /** RFC 6381. */
  readonly codecs: string;
  /** Pixels of the encoded picture. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** Width of a pixel to its height; square without it. */
  readonly sampleAspect?: Ratio | undefined;
  /** Frames a second. */
  readonly frameRate?: number | undefined;
  /** Hz. */
  readonly audioSamplingRate?: number | undefined;
}

/** A component of the presentation, video or one sound (ISO/IEC 23009-1, section 5.3.3). */
export interface AdaptationSet {
  readonly id: number;
  readonly contentType: "video" | "audio";
  /** By default video/mp4 and audio/mp4. */
  readonly mimeType?: string | undefined;
  /** RFC 5646. */
  readonly language?: string | undefined;
  /** Of the scheme urn:mpeg:dash:role:2011. */
  readonly role?: "main" | "alternate" | "supplementary" | "commentary" | "dub" | undefined;
  readonly channels?: number | undefined;
  readonly template: SegmentTemplate;
  /** At least one. */
  readonly representations: readonly Representation[];
}

/** A stretch of the presentation whose encoding and timeline do not break (ISO/IEC 23009-1, section 5.3.2). */
export interface Period {
  /** Unique, and the same in each version of a dynamic manifest. */
  readonly id: string;
  /** Milliseconds on the presentation's timeline. */
  readonly startMs: number;
  /** Milliseconds; without it up to the next period, or the presentation's end. */
  readonly durationMs?: number | undefined;
  readonly adaptationSets: readonly AdaptationSet[];
}

/** How a client learns the server's time (ISO/IEC 23009-1, section 5.8.4.11). */
export type UtcTiming =
  | { readonly scheme: "direct" /** Now, milliseconds since 1970 in UTC. */; readonly timeMs: number }
  | { readonly scheme: "http-iso" | "http-xsdate" | "http-head"; readonly uri: string };

/** What both kinds of manifest have. */
interface ManifestBase {
  /** Milliseconds; 2,000 by default. */
  readonly minBufferTimeMs?: number | undefined;
  /** Milliseconds: the longest of all segments. */
  readonly maxSegmentDurationMs?: number | undefined;
  /** In the order of their starts. */
  readonly periods: readonly Period[];
}

/** A manifest that does not change. */
export interface StaticManifest extends ManifestBase {
  readonly type: "static";
  /** Milliseconds of the whole presentation. */
  readonly durationMs: number;
  /** Clock time at which the presentation's timeline is 0. */
  readonly availabilityStartTimeMs?: number | undefined;
}

/** A manifest that is fetched again and again. */
export interface DynamicManifest extends ManifestBase {
  readonly type: "dynamic";
  /** Clock time at which the presentation's timeline is 0; the same in each version. Milliseconds since 1970 in UTC. */
  readonly availabilityStartTimeMs: number;
  /** Clock time of this version. */
  readonly publishTimeMs: number;
  /** Milliseconds after which it is worth to look for a new version; nothing will be added without it. */
  readonly minimumUpdatePeriodMs?: number | undefined;
  /** Milliseconds that a segment stays available after its end. */
  readonly timeShiftBufferDepthMs?: number | undefined;
  /** Milliseconds behind the live edge that clients shall play at. */
  readonly suggestedPresentationDelayMs?: number | undefined;
  /** Milliseconds of the whole presentation, where its end is known. */
  readonly durationMs?: number | undefined;
  readonly utcTiming?: UtcTiming | undefined;
}

/** A Media Presentation Description (ISO/IEC 23009-1, section 5.3.1). */
export type Manifest = StaticManifest | DynamicManifest;
