import type { MatroskaBlock, MatroskaHeader, MatroskaTrack } from "@kvass/media";
import { IngestError } from "./ingest-error.ts";
import type { IngestLimits } from "./limits.ts";

/** How far back a fragment that continues a group of pictures may reach: reordering of B-frames and interleaving stay below a second. */
const REORDER_MS = 1000;

/** What is known of one declared track. Times are in ticks from the Cluster's timecode. */
class TrackState {
  readonly number: number;
  readonly video: boolean;
  /** Whether every fragment needs a frame of it. */
  readonly required: boolean;
  /** Ticks of one frame, where the track states it. */
  readonly frameTicks: number | undefined;
  /** Timecode of the latest frame of all earlier fragments. */
  before: bigint | undefined;
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

const later = (a: bigint | undefined, b: bigint): bigint => (a === undefined || b > a ? b : a);

const isAudiovisual = ({ type }: MatroskaTrack): boolean => type === "video" || type === "audio";

/** Tells which tracks need a frame in every fragment, or one of which does; where there is neither video nor audio, all do. */
function requirement(
  tracks: readonly MatroskaTrack[],
  required: IngestLimits["requireTracks"],
): (track: MatroskaTrack) => boolean {
  if (required === "none") return () => false;
  return required !== "all" && tracks.some(isAudiovisual) ? isAudiovisual : () => true;
}

/** What the blocks of a fragment amount to. */
export interface FragmentTally {
  /** Milliseconds of media. */
  readonly duration: number;
  /** Whether its first video frame is a key frame, or no video is declared. */
  readonly startsClean: boolean;
  /** Whether video is declared and no frame of it came. */
  readonly lacksPictures: boolean;
  /** A declared track without a frame, or undefined. */
  readonly missing: MissingTrack | undefined;
  /** The number of a track that had no frame where it may do without: from one key frame to the next, or here. */
  readonly silent: number | undefined;
}

/** A declared track without a frame. `final` is false where the frames may still come in a cluster that continues this one. */
export interface MissingTrack {
  readonly number: number;
  readonly final: boolean;
}

/**
 * Holds the blocks of one session against what AWS demands of them: declared tracks (4010, 4011), ascending time (4004) and bounded
 * duration (4002). See `IngestLimits.order` for what is tolerated of muxers that cut clusters by size.
 * Timecodes of short ticks exceed what numbers hold, so a fragment's own times count from its Cluster's timecode, and what outlasts the
 * fragment is kept as bigint.
 */
export class TrackLedger {
  readonly #limits: IngestLimits;
  readonly #tracks: readonly TrackState[];
  readonly #hasVideo: boolean;
  readonly #ticksPerMs: number;
  readonly #maxTicks: number;
  readonly #reorderTicks: number;
  #lastUsed: TrackState | undefined;
  /** The Cluster's timecode, which the times of this fragment count from. */
  #origin = 0n;
  /** Earliest and latest frame of this fragment. */
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  /** Timecode of the latest frame of all earlier fragments, on any track. */
  #before: bigint | undefined;
  /** Whether this fragment begins with a key frame: undefined until its first video block. */
  #beginsRun: boolean | undefined;
  /** Whether a fragment has begun with a key frame yet. */
  #hasRun = false;
  #silent: number | undefined;

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

  /** Begins a fragment whose Cluster has the given timecode; the one before has ended. */
  beginFragment(timecode: number | bigint): void {
    this.#origin = BigInt(timecode);
  }

  /** Counts a block of the fragment in progress. Throws IngestError. */
  add(block: MatroskaBlock): void {
    const track = this.#trackOf(block.trackNumber);
    const time = block.relativeTimecode;
    if (track.blocks === 0) this.#beginOnTrack(track, block);
    if (time <= track.earliest) throw this.#outOfOrder(track, time);
    if (time < this.#first) this.#first = time;
    if (time > this.#last) this.#last = time;
    if (this.#last - this.#first > this.#maxTicks) throw this.#tooLong();
    track.blocks++;
    if (track.blocks === 1 || time < track.first) track.first = time;
    if (track.blocks === 1 || time >= track.last) {
      track.last = time;
      track.lastDuration = block.duration ?? (track.frameTicks && track.frameTicks * block.frameCount);
    }
  }

  /** Closes the fragment in progress. */
  endFragment(): FragmentTally {
    const missing = this.#missing();
    const silent = missing === undefined ? this.#silentTrack() : undefined;
    let end = this.#first;
    for (const track of this.#tracks) {
      if (track.blocks === 0) continue;
      if (track.blocks > 1) track.interval = (track.last - track.first) / (track.blocks - 1);
      end = Math.max(end, track.end);
      track.before = later(track.before, this.#origin + BigInt(track.last));
      track.blocks = 0;
    }
    const empty = this.#first === Number.POSITIVE_INFINITY;
    const duration = empty ? 0 : Math.round((end - this.#first) / this.#ticksPerMs);
    if (!empty) this.#before = later(this.#before, this.#origin + BigInt(this.#last));
    this.#first = Number.POSITIVE_INFINITY;
    this.#last = Number.NEGATIVE_INFINITY;
    const startsClean = !this.#hasVideo || this.#beginsRun === true;
    const lacksPictures = this.#hasVideo && this.#beginsRun === undefined;
    this.#beginsRun = undefined;
    this.#silent = undefined;
    return { duration, startsClean, lacksPictures, missing, silent };
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
    if (this.#limits.order === "stream") track.earliest = this.#timeOf(this.#before);
    else track.earliest = this.#timeOf(track.before) - (block.keyframe ? 0 : this.#reorderTicks);
    if (track.video && this.#beginsRun === undefined) {
      this.#beginsRun = block.keyframe;
      if (block.keyframe) this.#beginRun();
    }
    track.seenInRun = true;
  }

  #beginRun(): void {
    if (this.#hasRun) this.#silent = this.#tracks.find((track) => track.required && !track.seenInRun)?.number;
    this.#hasRun = true;
    // Tracks whose frames came before the key frame, in this very fragment, are of this run.
    for (const track of this.#tracks) track.seenInRun = track.blocks > 0;
  }

  /** What a fragment of clusters cut by size lacks is known when the next one begins; pictures that are not there begin none. */
  #silentTrack(): number | undefined {
    const isSilent = (track: TrackState) => track.required && track.blocks === 0 && (track.video || !this.#hasVideo);
    return this.#silent ?? this.#tracks.find((track) => isSilent(track) && !this.#continues(track))?.number;
  }

  #missing(): MissingTrack | undefined {
    if (this.#limits.requireTracks === "any" && this.#tracks.some((track) => track.required && track.blocks > 0)) {
      return undefined;
    }
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
    return !track.video || this.#last <= this.#timeOf(track.before) + this.#reorderTicks;
  }

  /** A timecode as a time of this fragment: exact wherever it is near enough to be compared with one. */
  #timeOf(timecode: bigint | undefined): number {
    return timecode === undefined ? Number.NEGATIVE_INFINITY : Number(timecode - this.#origin);
  }

  #outOfOrder(track: TrackState, time: number): IngestError {
    const before = this.#limits.order === "stream" ? this.#before : track.before;
    return new IngestError(
      "FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS",
      `a frame of track ${track.number} at timecode ${this.#origin + BigInt(time)} is not later than the fragment before, which reaches ${before}`,
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
