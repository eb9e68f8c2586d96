import type { MatroskaBlock, MatroskaHeader, MatroskaTrack } from "@kvass/media";
import { IngestError } from "./ingest-error.ts";
import type { IngestLimits } from "./limits.ts";

/** How far back a fragment that continues a group of pictures may reach: reordering of B-frames and interleaving stay below a second. */
const REORDER_MS = 1000;

/** What is known of one declared track. Times are in ticks. */
class TrackState {
  readonly number: number;
  readonly video: boolean;
  /** Whether every fragment needs a frame of it. */
  readonly required: boolean;
  /** Ticks of one frame, where the track states it. */
  readonly frameTicks: number | undefined;
  /** Latest frame of all earlier fragments. */
  before = Number.NEGATIVE_INFINITY;
  /** Blocks in this fragment. */
  blocks = 0;
  first = 0;
  last = 0;
  /** Duration of the block at `last`, where known. */
  lastDuration: number | undefined;
  /** Mean distance of frames, as the latest fragment with two or more shows. */
  interval = 0;
  /** Whether a frame came since the last key frame that began a fragment. */
  seenInRun = false;
  /** The earliest time that is in order for this fragment. */
  earliest = Number.NEGATIVE_INFINITY;

  constructor(track: MatroskaTrack, ticksPerMs: number, required: boolean) {
    this.number = track.number;
    this.video = track.type === "video";
    this.required = required;
    this.frameTicks =
      track.defaultDurationNs === undefined ? undefined : (track.defaultDurationNs / 1_000_000) * ticksPerMs;
  }

  /** End of the latest frame. */
  get end(): number {
    return this.last + (this.lastDuration ?? this.interval);
  }
}

const isAudiovisual = ({ type }: MatroskaTrack): boolean => type === "video" || type === "audio";

/** Tells which tracks need a frame in every fragment; where there is neither video nor audio, all do. */
function requirement(
  tracks: readonly MatroskaTrack[],
  required: IngestLimits["requireTracks"],
): (track: MatroskaTrack) => boolean {
  if (required === "none") return () => false;
  return required === "audiovisual" && tracks.some(isAudiovisual) ? isAudiovisual : () => true;
}

/** What the blocks of a fragment amount to. */
export interface FragmentTally {
  /** Milliseconds of media. */
  readonly duration: number;
  /** A declared track without a frame, or undefined. */
  readonly missing: MissingTrack | undefined;
}

/** A declared track without a frame. `final` is false where the frames may still come in a cluster that continues this one. */
export interface MissingTrack {
  readonly number: number;
  readonly final: boolean;
}

/**
 * Holds the blocks of one session against what AWS demands of them: declared tracks (4010, 4011), ascending time (4004) and bounded
 * duration (4002). See `IngestLimits.order` for what is tolerated of muxers that cut clusters by size.
 */
export class TrackLedger {
  readonly #limits: IngestLimits;
  readonly #tracks: readonly TrackState[];
  readonly #hasVideo: boolean;
  readonly #ticksPerMs: number;
  readonly #maxTicks: number;
  readonly #reorderTicks: number;
  #lastUsed: TrackState | undefined;
  /** Earliest and latest frame of this fragment. */
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  /** Latest frame of all earlier fragments, on any track. */
  #before = Number.NEGATIVE_INFINITY;
  /** Whether this fragment begins with a key frame: undefined until its first video block. */
  #beginsRun: boolean | undefined;

  constructor(header: MatroskaHeader, limits: IngestLimits) {
    this.#limits = limits;
    this.#ticksPerMs = 1_000_000 / header.timecodeScaleNs;
    this.#maxTicks = limits.maxFragmentMs * this.#ticksPerMs;
    this.#reorderTicks = REORDER_MS * this.#ticksPerMs;
    const isRequired = requirement(header.tracks, limits.requireTracks);
    this.#tracks = header.tracks.map((track) => new TrackState(track, this.#ticksPerMs, isRequired(track)));
    this.#hasVideo = this.#tracks.some(({ video }) => video);
  }

  /** True once a video block has shown that this fragment begins with a key frame, false where it continues the one before. */
  get beginsRun(): boolean | undefined {
    return this.#beginsRun;
  }

  /** Counts a block of the fragment in progress. Throws IngestError. */
  add(block: MatroskaBlock): void {
    const track = this.#trackOf(block.trackNumber);
    const { timecode } = block;
    if (track.blocks === 0) this.#beginOnTrack(track, block);
    if (timecode <= track.earliest) throw this.#outOfOrder(track, timecode);
    if (timecode < this.#first) this.#first = timecode;
    if (timecode > this.#last) this.#last = timecode;
    if (this.#last - this.#first > this.#maxTicks) throw this.#tooLong();
    track.blocks++;
    if (track.blocks === 1 || timecode < track.first) track.first = timecode;
    if (track.blocks === 1 || timecode >= track.last) {
      track.last = timecode;
      track.lastDuration = block.duration ?? (track.frameTicks && track.frameTicks * block.frameCount);
    }
  }

  /** Closes the fragment in progress and begins the next. */
  endFragment(): FragmentTally {
    const missing = this.#missing();
    let end = this.#first;
    for (const track of this.#tracks) {
      if (track.blocks === 0) continue;
      if (track.blocks > 1) track.interval = (track.last - track.first) / (track.blocks - 1);
      end = Math.max(end, track.end);
      track.before = Math.max(track.before, track.last);
      track.blocks = 0;
    }
    const duration = this.#first === Number.POSITIVE_INFINITY ? 0 : Math.round((end - this.#first) / this.#ticksPerMs);
    this.#before = Math.max(this.#before, this.#last);
    this.#first = Number.POSITIVE_INFINITY;
    this.#last = Number.NEGATIVE_INFINITY;
    this.#beginsRun = undefined;
    return { duration, missing };
  }

  #trackOf(number: number): TrackState {
    if (this.#lastUsed?.number === number) return this.#lastUsed;
    const track = this.#tracks.find((candidate) => candidate.number === number);
    if (track === undefined) {
      const declared = this.#tracks.map((candidate) => candidate.number).join(", ");
      throw new IngestError("TRACK_NUMBER_MISMATCH", `a block is of track ${number}, Tracks declares ${declared}`);
    }
    this.#lastUsed = track;
    return track;
  }

  #beginOnTrack(track: TrackState, block: MatroskaBlock): void {
    if (this.#limits.order === "stream") track.earliest = this.#before;
    else track.earliest = block.keyframe ? track.before : track.before - this.#reorderTicks;
    if (track.video && this.#beginsRun === undefined) {
      this.#beginsRun = block.keyframe;
      // Tracks whose frames came before the key frame, in this very fragment, are of this run.
      if (block.keyframe) for (const other of this.#tracks) other.seenInRun = other.blocks > 0;
    }
    track.seenInRun = true;
  }

  #missing(): MissingTrack | undefined {
    const absent = this.#tracks.find((track) => track.required && track.blocks === 0 && !this.#continues(track));
    if (absent === undefined) return undefined;
    return { number: absent.number, final: !this.#hasVideo || this.#beginsRun === undefined || absent.video };
  }

  /**
   * Whether a track without frames here had them since the last key frame, so that this fragment may be a part of what a muxer cut by
   * size. Without a video frame it is one only where it ends about when the video did, as the last of a file's clusters may.
   */
  #continues(track: TrackState): boolean {
    if (!this.#hasVideo || !track.seenInRun || this.#last === Number.NEGATIVE_INFINITY) return false;
    return !track.video || this.#last <= track.before + this.#reorderTicks;
  }

  #outOfOrder(track: TrackState, timecode: number): IngestError {
    const before = this.#limits.order === "stream" ? this.#before : track.before;
    return new IngestError(
      "FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS",
      `a frame of track ${track.number} at timecode ${timecode} is not later than the fragment before, which reaches ${before}`,
    );
  }

  #tooLong(): IngestError {
    const ms = Math.round((this.#last - this.#first) / this.#ticksPerMs);
    return new IngestError(
      "MAX_FRAGMENT_DURATION_REACHED",
      `the fragment spans ${ms} ms, at most ${this.#limits.maxFragmentMs} are allowed`,
    );
  }
}
