import { randomInt } from "node:crypto";
import type { MatroskaBlock, MatroskaCluster, MatroskaHeader, MatroskaStreamHandler, MatroskaTags } from "@kvass/media";
import type { PutMediaMetrics } from "../events/metrics.ts";
import { FrameTableWriter } from "../fragments/frame-table-writer.ts";
import type { FragmentHead } from "../fragments/layout.ts";
import { type ClusterShape, LiveFragment } from "../live/live-fragment.ts";
import type { LiveStream } from "../live/live-stream.ts";
import type { ReceiptClock } from "../streams/receipt-clock.ts";
import type { FragmentSequence } from "../streams/sequences.ts";
import type { BlamedFragment } from "./ack.ts";
import { FragmentConfiguration } from "./fragment-configuration.ts";
import { readFragmentTags } from "./fragment-tags.ts";
import { IngestError } from "./ingest-error.ts";
import type { IngestLimits } from "./limits.ts";
import { type ArchiveTarget, OpenFragment } from "./open-fragment.ts";
import { type ProducerClock, producerTimestamp } from "./producer-clock.ts";
import { type FragmentTally, TrackLedger } from "./track-ledger.ts";

/** Bytes of Tags that may wait for the Cluster that they precede; the count has its own limit. */
const MAX_WAITING_TAGS_BYTES = 2 ** 20;
const RANDOM_RANGE = 2 ** 28;

/** Stops the reader: the session ended while it took a fragment. Not an error of anybody's. */
class SessionOver extends Error {
  override readonly name = "SessionOver";
}

/** What a flow of fragments needs of the session and the stream that it belongs to. */
export interface FragmentSource {
  readonly live: LiveStream;
  readonly sequence: FragmentSequence;
  readonly receipts: ReceiptClock;
  readonly clock: ProducerClock;
  readonly limits: IngestLimits;
  readonly metrics: PutMediaMetrics;
  /** Where fragments that begin now are archived; undefined where the stream has no retention. */
  readonly target: () => ArchiveTarget | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A fragment's Cluster has begun. */
  readonly begun: (fragment: OpenFragment) => void;
  /** A fragment's last byte has arrived, and it keeps every rule. */
  readonly received: (fragment: OpenFragment) => void;
  /** A track had no frame in a whole fragment, which the limits allow. */
  readonly silent: (track: number) => void;
  /** The archive is behind: take no more data before `accepted` settles; it rejects with `JournalUnavailable`. */
  readonly pushBack: (accepted: Promise<void>) => void;
}

/**
 * Turns what the Matroska reader tells into fragments: which bytes belong to which, when each begins and ends, and whether it keeps the
 * rules. Throws IngestError out of the reader; the fragment at fault is then `blamed`.
 */
export class FragmentFlow implements MatroskaStreamHandler {
  readonly #source: FragmentSource;
  #timecodeScaleNs = 1_000_000;
  #ebmlHeader: Uint8Array = new Uint8Array(0);
  #segmentElements: Uint8Array = new Uint8Array(0);
  #ledger: TrackLedger | undefined;
  #tables: FrameTableWriter | undefined;
  #configuration: FragmentConfiguration | undefined;
  /** Tags that came before the next Cluster. */
  #waitingTags: Uint8Array[] = [];
  #waitingCount = 0;
  #waitingBytes = 0;
  #current: OpenFragment | undefined;
  /** A complete Cluster that lacks frames of a track; the first video frame behind it tells whether they may still come. */
  #held: { readonly fragment: OpenFragment; readonly tally: FragmentTally } | undefined;
  #blamed: BlamedFragment | undefined;
  #over = false;

  constructor(source: FragmentSource) {
    this.#source = source;
  }

  /** The fragment in progress. */
  get current(): OpenFragment | undefined {
    return this.#current;
  }

  /** The fragment that an error is about: the one found at fault, else the one in progress. */
  get blamed(): BlamedFragment | undefined {
    return this.#blamed ?? this.#current;
  }

  /** Whether nothing would be lost if the session ended now. */
  get idle(): boolean {
    return this.#current === undefined && this.#held === undefined;
  }

  /** Whether the fragment in progress is a whole Cluster that only Tags could still follow. */
  get settled(): boolean {
    return this.#current?.live.clusterEnd !== undefined;
  }

  onHeader(header: MatroskaHeader): void {
    const { limits } = this.#source;
    if (header.tracks.length > limits.maxTracks) {
      const message = `Tracks declares ${header.tracks.length} tracks, at most ${limits.maxTracks} are allowed`;
      throw new IngestError("MORE_THAN_ALLOWED_TRACKS_FOUND", message);
    }
    this.#timecodeScaleNs = header.timecodeScaleNs;
    this.#ebmlHeader = header.ebmlHeader;
    this.#segmentElements = header.segmentElements;
    this.#ledger = new TrackLedger(header, limits);
    this.#tables = new FrameTableWriter(header);
    this.#configuration = new FragmentConfiguration(header);
  }

  onTags(element: MatroskaTags): void {
    const { bytes, count, endOfFragment } = readFragmentTags(element);
    const fragment = this.#current;
    if (fragment === undefined) {
      if (bytes !== undefined) this.#keepForNext(bytes, count);
      return;
    }
    if (bytes !== undefined) {
      fragment.tags += count;
      this.#checkTags(fragment.tags);
      fragment.appendTags(bytes);
      this.#grown(fragment);
      this.#source.live.advance(fragment.live, this.#source.now());
    }
    if (endOfFragment) this.finish();
  }

  onClusterStart(cluster: MatroskaCluster): void {
    this.#closeCurrent();
    const timecode = cluster.exactTimecode ?? cluster.timecode;
    this.#ledger!.beginFragment(timecode);
    this.#begin({ timecode, totalBytes: cluster.totalBytes });
    const { journal, live } = this.#current!;
    this.#configuration!.begin();
    live.configuration = this.#configuration!.value;
    if (journal !== undefined) this.#tables!.begin(cluster.timecode, live.bodyStart);
  }

  onClusterData(view: Uint8Array, atBoundary: boolean): void {
    const fragment = this.#current!;
    fragment.live.append(view);
    this.#grown(fragment);
    if (atBoundary) this.#source.live.advance(fragment.live, this.#source.now());
  }

  onBlockPayload(chunk: Uint8Array, start: number, end: number, _bytesLeft: number, block: MatroskaBlock): void {
    this.#tables!.addPayload(chunk, start, end, block);
    this.#configuration!.addPayload(chunk, start, end, block);
  }

  onBlock(block: MatroskaBlock): void {
    const ledger = this.#ledger!;
    ledger.add(block);
    this.#tables!.add(block);
    this.#configuration!.add(block);
    const { live } = this.#current!;
    live.configuration = this.#configuration!.value;
    live.frames += block.frameCount;
    this.#source.metrics.incomingFrames += block.frameCount;
    if (this.#held !== undefined && ledger.beginsRun !== undefined) this.#judgeHeld(ledger.beginsRun);
  }

  onClusterEnd(): void {
    const { live } = this.#current!;
    live.clusterEnd = live.log.length;
    this.#source.live.advance(live, this.#source.now());
  }

  /** Ends the fragment in progress, where there is one: nothing more of it will come. */
  finish(): void {
    this.#closeCurrent();
    if (this.#held !== undefined) this.#judgeHeld(true);
  }

  /** Gives up what is in progress, for good. */
  abort(): void {
    this.#over = true;
    for (const fragment of [this.#held?.fragment, this.#current]) {
      if (fragment === undefined) continue;
      fragment.abort();
      this.#source.live.fail(fragment.live);
    }
    this.#held = undefined;
    this.#current = undefined;
  }

  #begin(cluster: ClusterShape): void {
    const { live, limits } = this.#source;
    const head: FragmentHead = {
      ebmlHeader: this.#ebmlHeader,
      segmentElements: this.#segmentElements,
      tags: this.#waitingTags,
    };
    const target = this.#source.target();
    const fragment = new OpenFragment(
      new LiveFragment(this.#identify(cluster.timecode), head, cluster, live.memory),
      this.#waitingCount,
      target,
    );
    this.#waitingTags = [];
    this.#waitingCount = 0;
    this.#waitingBytes = 0;
    this.#current = fragment;
    if (target?.journal.writable === false) {
      const reason = target.journal.unavailable?.message ?? "the journal takes no data";
      throw new IngestError("ARCHIVAL_ERROR", `the fragment cannot be archived now: ${reason}`);
    }
    live.begin(fragment.live);
    this.#source.begun(fragment);
    if ((cluster.totalBytes ?? 0) > limits.maxFragmentBytes) throw this.#tooLarge(cluster.totalBytes!);
  }

  #identify(timecode: number | bigint): LiveFragment["identity"] {
    const { live, clock, sequence, receipts, now } = this.#source;
    this.#blamed = { timecode, number: undefined };
    const moment = producerTimestamp(clock, timecode, this.#timecodeScaleNs);
    this.#blamed = undefined;
    return {
      streamId: live.streamId,
      sequence: sequence.next(),
      serverTimestamp: receipts.stamp(now()),
      producerTimestamp: moment,
      random: randomInt(RANDOM_RANGE),
    };
  }

  #closeCurrent(): void {
    const fragment = this.#current;
    if (fragment === undefined) return;
    const tally = this.#ledger!.endFragment();
    if (tally.missing?.final === true) throw this.#framesMissing(fragment);
    this.#current = undefined;
    fragment.frameTable = this.#tables!.end();
    if (tally.missing === undefined) this.#receive(fragment, tally);
    else this.#held = { fragment, tally };
  }

  /** The next group of pictures has begun, or the frames after the held fragment belong to the same one. */
  #judgeHeld(nextRun: boolean): void {
    const { fragment, tally } = this.#held!;
    if (nextRun) throw this.#framesMissing(fragment);
    this.#held = undefined;
    this.#receive(fragment, tally);
  }

  #receive(fragment: OpenFragment, { duration, startsClean, lacksPictures, silent }: FragmentTally): void {
    if (silent !== undefined) this.#source.silent(silent);
    fragment.complete({ duration, startsClean, lacksPictures, configuration: fragment.live.configuration });
    this.#source.live.completed(fragment.live);
    this.#source.received(fragment);
    if (this.#over) throw new SessionOver();
  }

  #keepForNext(bytes: Uint8Array, count: number): void {
    this.#waitingCount += count;
    this.#waitingBytes += bytes.length;
    this.#checkTags(this.#waitingCount);
    if (this.#waitingBytes > MAX_WAITING_TAGS_BYTES) {
      const message = `Tags before a Cluster take ${this.#waitingBytes} bytes, at most ${MAX_WAITING_TAGS_BYTES} are allowed`;
      throw new IngestError("FRAGMENT_METADATA_LIMIT_REACHED", message);
    }
    this.#waitingTags.push(bytes);
  }

  #checkTags(count: number): void {
    const { maxFragmentTags } = this.#source.limits;
    if (count <= maxFragmentTags) return;
    const message = `the fragment has ${count} metadata tags, at most ${maxFragmentTags} are allowed`;
    throw new IngestError("FRAGMENT_METADATA_LIMIT_REACHED", message);
  }

  /** The fragment has got bytes: holds it against the size limit, and hands on what is due. */
  #grown(fragment: OpenFragment): void {
    const { live, limits, pushBack } = this.#source;
    if (fragment.size > limits.maxFragmentBytes) throw this.#tooLarge(fragment.size);
    if (fragment.journal === undefined) {
      live.trimBuffered(fragment.live);
      return;
    }
    if (!fragment.hasParts) return;
    const accepted = fragment.archiveParts();
    if (accepted !== undefined) pushBack(accepted);
    live.trim(fragment.live, fragment.sealed);
  }

  #tooLarge(bytes: number): IngestError {
    const message = `the fragment has ${bytes} bytes, at most ${this.#source.limits.maxFragmentBytes} are allowed`;
    return new IngestError("MAX_FRAGMENT_SIZE_REACHED", message);
  }

  #framesMissing(fragment: OpenFragment): IngestError {
    this.#blamed = fragment;
    return new IngestError("FRAMES_MISSING_FOR_TRACK", "a track that Tracks declares has no frame in the fragment");
  }
}
