import { setImmediate as nextTurn } from "node:timers/promises";
import { Semaphore } from "../fragments/semaphore.ts";
import type { LostSegments } from "./lost-segments.ts";
import type { Run, Segment } from "./segment.ts";
import type { Segments } from "./segment-list.ts";
import type { ArrivingFragment, SegmentSource } from "./segment-source.ts";
import { REPLAY_LEAD } from "./token.ts";

/**
 * Segments behind the window that are remembered, since players ask for what an older playlist named: RFC 8216, section 6.2.2, wants a
 * segment to stay for the duration of the longest playlist that had it; this is as many again, or a minute of short segments.
 */
const LEAST_REMEMBERED = 30;
/** A session that was not asked for during this time, in milliseconds, may have missed more than a page of rows: it queues for them. */
const MISSED_MS = 60_000;
/** Segments of a replay that are read ahead of their time. */
const REPLAY_AHEAD = 8;

/** What a playlist shows at one moment. */
export interface PlaylistWindow {
  readonly segments: Segments;
  /** Whether nothing will be added. */
  readonly ended: boolean;
  /** Milliseconds of the longest segment that the session has shown. */
  readonly longest: number;
  /** Whether a decoder can begin with each of the segments. */
  readonly startClean: boolean;
  /** When the segment arrived that arrived first, in milliseconds since the epoch, of a window that changes only when that expires. */
  readonly oldest?: number;
  /** Equal for windows of sessions that share their segments, and have the same of them; for no others. */
  readonly list: number;
}

let lists = 0;

/** A value of `PlaylistWindow.list` that none had before. */
export const newListId = (): number => ++lists;

/** The segments that a session shows. */
export interface SessionTimeline {
  /** The window as it is now, the same object for as long as nothing in it changes; `now` in milliseconds since the epoch. */
  window(now: number): Promise<PlaylistWindow>;
  /** The same where nobody has to be waited for to tell. */
  current?(now: number): PlaylistWindow | undefined;
  /** A segment that the window has, or had a short while ago. */
  find(number: number): Segment | undefined;
  /** As `Timeline.preview`; where it is absent, nothing arrives. */
  preview?(now: number, arriving: () => Iterable<ArrivingFragment>): Promise<PlaylistPreview>;
}

/** What a playlist shows that goes on into what has not ended. */
export interface PlaylistPreview extends Pick<PlaylistWindow, "longest"> {
  readonly segments: readonly Segment[];
  /** The segments, and those that the window had a short while ago. */
  readonly remembered: readonly Segment[];
  /** The segment in progress, with its duration so far; it is not among `segments`. */
  readonly open: Segment | undefined;
}

/** How a session moves through its segments. */
export interface TimelineRules {
  readonly mode: "live" | "live-replay";
  readonly maxSegments: number | undefined;
  /** Milliseconds since the epoch at which the session began. */
  readonly createdAt: number;
  /** Milliseconds since the epoch on the producer's clock at which its media begins. */
  readonly base: number;
  /** What arrived before has expired, in milliseconds since the epoch. */
  readonly horizon: () => number;
  readonly lost: LostSegments;
}

/** The segments that a session without end shows, and has shown a short while ago. Moves forward only. */
export class Timeline implements SessionTimeline {
  readonly #list = newListId();
  readonly #source: SegmentSource;
  readonly #rules: TimelineRules;
  /** Ascending by number: what is shown, and some that were. */
  readonly #shown: Segment[] = [];
  /** Segments of a replay whose time has not come, each with the milliseconds after the session's beginning at which it does. */
  readonly #due: { readonly segment: Segment; readonly at: number }[] = [];
  /** Milliseconds from the beginning of a replay to the ends of the last segments that were read. */
  readonly #ends: number[] = [];
  readonly #backlogs: Semaphore;
  /** Milliseconds since the epoch. */
  #advancedAt: number;
  #longest = 0;
  #window: PlaylistWindow | undefined;
  #advancing: Promise<void> | undefined;
  /** `LostSegments.version` that the segments shown have been looked through for. */
  #lostVersion = 0;
  /** When the first of the segments arrived that can still be fetched, in milliseconds since the epoch. */
  #oldest = Number.POSITIVE_INFINITY;
  /** The run of the source that was shown last, and the one that stands for it: behind a lost segment, another one begins. */
  #run: { readonly read: Run; shown: Run } | undefined;

  /**
   * @param backlogs lets few timelines at a time read what they have missed: after a restart those of all sessions may have half a day of it
   */
  constructor(source: SegmentSource, rules: TimelineRules, backlogs = new Semaphore(1)) {
    this.#source = source;
    this.#rules = rules;
    this.#backlogs = backlogs;
    this.#advancedAt = rules.createdAt;
  }

  current(now: number): PlaylistWindow | undefined {
    const segments = this.#advancing === undefined ? this.#source.nextKnown?.() : undefined;
    if (segments === undefined) return undefined;
    this.#advancedAt = now;
    this.#follow(segments);
    return this.#shownNow();
  }

  async window(now: number): Promise<PlaylistWindow> {
    // Whoever comes while another one reads sees what that one finds.
    this.#advancing ??= this.#advance(now).finally(() => {
      this.#advancing = undefined;
    });
    await this.#advancing;
    return this.#shownNow();
  }

  #shownNow(): PlaylistWindow {
    this.#markLost();
    this.#markExpired(this.#rules.horizon());
    const { maxSegments = Number.POSITIVE_INFINITY } = this.#rules;
    const ended = this.#due.length === 0 && this.#source.ended;
    if (this.#window?.ended !== ended) {
      const segments = this.#shown.slice(-maxSegments);
      const startClean = segments.every((segment) => segment.startsClean);
      this.#window = { segments, ended, longest: this.#longest, startClean, list: this.#list };
    }
    return this.#window;
  }

  /** The window of a LIVE session as it will be with what arrives, which `arriving` is asked for when the archive has been. */
  async preview(now: number, arriving: () => Iterable<ArrivingFragment>): Promise<PlaylistPreview> {
    this.#source.expectPreviews?.();
    const { longest } = await this.window(now);
    const previewed = this.#source.preview?.(arriving()) ?? [];
    const whole = previewed.filter(({ open }) => !open).map(({ segment }) => segment);
    const remembered = [...this.#shown, ...whole];
    const segments = remembered.slice(-(this.#rules.maxSegments ?? Number.POSITIVE_INFINITY));
    const open = previewed.find((last) => last.open)?.segment;
    const durations = previewed.map(({ segment }) => segment.duration);
    return { segments, remembered, open, longest: Math.max(longest, ...durations) };
  }

  find(number: number): Segment | undefined {
    const first = this.#shown[0];
    return first === undefined ? undefined : this.#shown[number - first.number];
  }

  async #advance(now: number): Promise<void> {
    const step = this.#rules.mode === "live" ? () => this.#goOn(now) : () => this.#replay(now);
    const missed = now - this.#advancedAt;
    this.#advancedAt = now;
    if (missed < MISSED_MS && (await step())) return;
    // One page after the other, and whatever else there is to do between them.
    await this.#backlogs.run(async () => {
      do await nextTurn();
      while (!(await step()));
    });
  }

  /** Shows what a page of rows has brought; whether that was all. */
  async #goOn(now: number): Promise<boolean> {
    this.#follow(await this.#source.next(now));
    return this.#source.behind !== true;
  }

  #follow(segments: readonly Segment[]): void {
    for (const segment of segments) this.#show(segment);
    this.#forget();
  }

  /** Shows what is due, and reads a page of rows where less than enough is left; whether it is now. */
  async #replay(now: number): Promise<boolean> {
    if (this.#showDue(now)) return true;
    const segments = await this.#source.next(now);
    for (const segment of segments) this.#schedule(segment);
    return segments.length === 0 || this.#showDue(now);
  }

  /** Whether enough is read ahead then. */
  #showDue(now: number): boolean {
    const elapsed = now - this.#rules.createdAt;
    let due = 0;
    while (due < this.#due.length && this.#due[due]!.at <= elapsed) this.#show(this.#due[due++]!.segment);
    this.#due.splice(0, due);
    this.#forget();
    return this.#due.length >= REPLAY_AHEAD || this.#source.ended;
  }

  /** A segment is added when the one that leads it by `REPLAY_LEAD` has been played. */
  #schedule(segment: Segment): void {
    // The time of segments that have expired since the session began has passed too.
    const begun = segment.number === 0 ? 0 : Math.max(0, segment.start - this.#rules.base);
    const end = (this.#ends.at(-1) ?? begun) + segment.duration;
    const at = this.#ends.length < REPLAY_LEAD ? 0 : this.#ends[this.#ends.length - REPLAY_LEAD]!;
    this.#ends.push(end);
    if (this.#ends.length > REPLAY_LEAD) this.#ends.shift();
    this.#due.push({ segment, at });
  }

  #show(segment: Segment): void {
    if (this.#run?.read !== segment.run) this.#run = { read: segment.run, shown: segment.run };
    const { shown } = this.#run;
    this.#shown.push(shown === segment.run ? segment : { ...segment, run: shown });
    this.#window = undefined;
    // Those that are lost already are looked for among all again.
    if (this.#rules.lost.has(segment)) this.#lostVersion = -1;
    this.#longest = Math.max(this.#longest, segment.duration);
    this.#oldest = Math.min(this.#oldest, segment.serverTimestamp);
  }

  /** Makes gaps of the segments that have expired: their numbers stay, where nothing comes that would take their place. */
  #markExpired(horizon: number): void {
    if (horizon <= this.#oldest) return;
    this.#window = undefined;
    this.#oldest = Number.POSITIVE_INFINITY;
    this.#shown.forEach((segment, place) => {
      if (segment.gap) return;
      if (segment.serverTimestamp < horizon) this.#shown[place] = { ...segment, gap: true };
      else this.#oldest = Math.min(this.#oldest, segment.serverTimestamp);
    });
  }

  /** Makes gaps of the segments that are lost. */
  #markLost(): void {
    const { lost } = this.#rules;
    if (this.#lostVersion === lost.version) return;
    this.#lostVersion = lost.version;
    this.#shown.forEach((segment, place) => {
      if (!segment.gap && lost.has(segment)) this.#lose(segment, place);
    });
  }

  /** Makes a gap of the segment at a place, and begins a run behind it, which keeps its name and its beginning when the gap has left the window. */
  #lose(segment: Segment, place: number): void {
    const { number, run, start, duration } = segment;
    this.#window = undefined;
    this.#shown[place] = { ...segment, gap: true };
    const next = this.#shown[place + 1];
    const begin = next?.run === run ? next.start : start + duration;
    const behind = { number: number + 1, start: begin, presentedAt: run.presentedAt + begin - run.start };
    for (let other = place + 1; this.#shown[other]?.run === run; other++) {
      this.#shown[other] = { ...this.#shown[other]!, run: behind };
    }
    if (this.#run?.shown === run) this.#run.shown = behind;
  }

  #forget(): void {
    const { maxSegments = 0 } = this.#rules;
    const surplus = this.#shown.length - maxSegments - Math.max(maxSegments, LEAST_REMEMBERED);
    if (surplus > 0) this.#shown.splice(0, surplus);
  }
}
