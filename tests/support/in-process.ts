import { MatroskaStreamReader } from "@kvass/media";
import type { DomainEvents, Tell } from "../../packages/server/src/domain/events/events.ts";
import { Metrics } from "../../packages/server/src/domain/events/metrics.ts";
import { FragmentArchive } from "../../packages/server/src/domain/fragments/archive.ts";
import { FragmentPoints, GENEROUS_POINT_LIMITS } from "../../packages/server/src/domain/fragments/fragment-points.ts";
import { MediaReader } from "../../packages/server/src/domain/fragments/media-reader.ts";
import { GENEROUS_READER_LIMITS, type ReaderLimits } from "../../packages/server/src/domain/fragments/reader-limits.ts";
import type { StartSelector } from "../../packages/server/src/domain/fragments/start-selector.ts";
import { Ingest } from "../../packages/server/src/domain/ingest/ingest.ts";
import type { IngestSession } from "../../packages/server/src/domain/ingest/ingest-session.ts";
import { GENEROUS_LIMITS, type IngestLimits } from "../../packages/server/src/domain/ingest/limits.ts";
import type { ProducerClock } from "../../packages/server/src/domain/ingest/producer-clock.ts";
import { DataKeys } from "../../packages/server/src/domain/keys/data-keys.ts";
import { Sealer } from "../../packages/server/src/domain/keys/sealer.ts";
import { DEFAULT_LIVE_LIMITS, type LiveLimits } from "../../packages/server/src/domain/live/live-memory.ts";
import { LiveStreams } from "../../packages/server/src/domain/live/live-streams.ts";
import { GENEROUS_STREAM_LIMITS } from "../../packages/server/src/domain/streams/limits.ts";
import { StreamRegistry } from "../../packages/server/src/domain/streams/registry.ts";
import type { Stream } from "../../packages/server/src/domain/streams/stream.ts";
import { openFragmentIndex } from "../../packages/server/src/storage/catalog/sqlite/open-fragment-index.ts";
import { SqliteStreamCatalog } from "../../packages/server/src/storage/catalog/sqlite/stream-catalog.ts";
import { MemoryJournal } from "../../packages/server/src/storage/journal/memory/memory-journal.ts";
import type { WrappedKey } from "../../packages/server/src/storage/ports/stream-catalog.ts";
import type { WireAck } from "./put-media-socket.ts";

/** Wraps keys in clear: what is tested here is not the key store. */
const CLEAR_KEYS = {
  wrap: async (dataKey: Uint8Array, context: string): Promise<WrappedKey> => ({
    wrappedBy: context,
    bytes: Uint8Array.from(dataKey),
  }),
  unwrap: async (wrapped: WrappedKey): Promise<Uint8Array> => Uint8Array.from(wrapped.bytes),
};

export interface InProcessOptions {
  readonly limits?: Partial<IngestLimits>;
  readonly live?: Partial<LiveLimits>;
  /** The idle limits default to a few milliseconds, so that reading to the end of a stream takes no time. */
  readonly readers?: Partial<ReaderLimits>;
  readonly now?: () => number;
}

/** The domain of the server, whole, over a journal and databases in memory: what a request reaches when HTTP is taken away. */
export class InProcessServer {
  readonly catalog = new SqliteStreamCatalog(":memory:");
  readonly keys = new DataKeys(this.catalog, CLEAR_KEYS);
  readonly metrics = new Metrics();
  readonly errors: unknown[] = [];
  /** What the domain has told, in order. */
  readonly told: (readonly [name: keyof DomainEvents, fields: DomainEvents[keyof DomainEvents]])[] = [];
  readonly index;
  readonly journal: MemoryJournal;
  readonly live: LiveStreams;
  readonly ingest: Ingest;
  readonly reader: MediaReader;
  readonly streams: StreamRegistry;

  constructor(options: InProcessOptions = {}) {
    const now = options.now ?? Date.now;
    const report = (error: unknown): void => void this.errors.push(error);
    const tell: Tell = (name, fields) => void this.told.push([name, fields]);
    const { index, ledger } = openFragmentIndex(":memory:");
    this.index = index;
    this.journal = new MemoryJournal(ledger);
    this.live = new LiveStreams({ ...DEFAULT_LIVE_LIMITS, ...options.live });
    this.ingest = new Ingest({
      journal: this.journal,
      keys: this.keys,
      sealer: new Sealer(),
      live: this.live,
      metrics: this.metrics,
      limits: { ...GENEROUS_LIMITS, ...options.limits },
      report,
      tell,
      now,
    });
    this.reader = new MediaReader({
      index,
      archive: new FragmentArchive({ index, journal: this.journal, keys: this.keys }),
      live: this.live,
      metrics: this.metrics,
      limits: { ...GENEROUS_READER_LIMITS, idleMs: 0, firstIdleMs: 0, ...options.readers },
      points: new FragmentPoints(GENEROUS_POINT_LIMITS),
      report,
      tell,
      now,
    });
    this.streams = new StreamRegistry({
      catalog: this.catalog,
      keys: this.keys,
      now,
      tell,
      region: "us-east-1",
      accountId: "000000000000",
      limits: GENEROUS_STREAM_LIMITS,
    });
  }

  /** What the domain has told by one name, in order. */
  toldAs<Name extends keyof DomainEvents>(name: Name): DomainEvents[Name][] {
    return this.told.filter(([each]) => each === name).map(([, fields]) => fields as DomainEvents[Name]);
  }

  create(name: string, retentionHours = 24): Promise<Stream> {
    return this.streams.create({ name, retentionHours, storageTier: "HOT", tags: {} });
  }

  /** Everything that a GetMedia answers, to its end. */
  async read(stream: Stream, selector: StartSelector = { type: "earliest" }): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    const answer = await this.reader.read(stream, selector, new AbortController().signal);
    for await (const chunk of answer) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async close(): Promise<void> {
    await this.index.close();
    await this.catalog.close();
  }
}

/** A session with its acknowledgements collected as they come. */
export class TestSession {
  readonly session: IngestSession;
  readonly acks: WireAck[] = [];
  /** Resolves when the acknowledgements have ended. */
  readonly ended: Promise<void>;
  #change = Promise.withResolvers<void>();

  private constructor(session: IngestSession) {
    this.session = session;
    this.ended = this.#collect();
  }

  static async open(
    server: InProcessServer,
    stream: Stream,
    clock: ProducerClock = { type: "ABSOLUTE", start: 0 },
  ): Promise<TestSession> {
    return new TestSession(await server.ingest.open(stream, clock));
  }

  /** Feeds a body in chunks of `size`, as the socket would bring it. */
  async send(body: Uint8Array, size = 65_536): Promise<void> {
    for (let at = 0; at < body.length; at += size) {
      // A copy each: the socket's chunks do not share memory either.
      await this.session.feed(Buffer.from(body.subarray(at, at + size)));
    }
  }

  /** Sends the whole body, ends it, and resolves to every acknowledgement. */
  async put(body: Uint8Array, size?: number): Promise<WireAck[]> {
    await this.send(body, size);
    this.session.end();
    await this.ended;
    return this.acks;
  }

  /** Resolves with the first acknowledgement, past or future, of that kind and timecode. */
  async ack(type: WireAck["EventType"], timecode?: number): Promise<WireAck> {
    for (;;) {
      const found = this.acks.find(
        (ack) => ack.EventType === type && (timecode === undefined || ack.FragmentTimecode === timecode),
      );
      if (found !== undefined) return found;
      await this.#change.promise;
    }
  }

  async #collect(): Promise<void> {
    for await (const ack of this.session.acks) {
      this.acks.push(JSON.parse(Buffer.from(ack).toString()));
      this.#change.resolve();
      this.#change = Promise.withResolvers<void>();
    }
  }
}

/** Short words for a sequence of acknowledgements: `B1000 R1000 P1000 E4006`. */
export function ackWords(acks: readonly WireAck[]): string {
  return acks
    .map(({ EventType, FragmentTimecode = "", ErrorId }) =>
      EventType === "ERROR"
        ? `E${ErrorId}${FragmentTimecode === "" ? "" : `@${FragmentTimecode}`}`
        : `${EventType === "IDLE" ? "IDLE" : EventType[0]}${FragmentTimecode}`,
    )
    .join(" ");
}

/** What a Matroska file holds, for comparing: one of the files of GetMedia's answer, or a producer's body. */
export interface MatroskaContent {
  /** Each block as `track:timecode:hex of its frames`, in order. */
  readonly blocks: string[];
  /** Tags before the first Cluster, and behind it, as `name=value`. */
  readonly tagsBefore: string[];
  readonly tagsAfter: string[];
  readonly clusters: number;
}

/** Reads Matroska files that follow one another. Throws MatroskaError where any is not faultless. */
export function contentsOf(bytes: Uint8Array): MatroskaContent[] {
  const files: MatroskaContent[] = [];
  let payload: Buffer[] = [];
  const reader = new MatroskaStreamReader(
    {
      onHeader: () => void files.push({ blocks: [], tagsBefore: [], tagsAfter: [], clusters: 0 }),
      onTags: ({ simpleTags, beforeFirstCluster }) => {
        const file = files.at(-1)!;
        const pairs = simpleTags.map(({ name, value }) => `${name}=${value}`);
        (beforeFirstCluster ? file.tagsBefore : file.tagsAfter).push(...pairs);
      },
      onClusterStart: () => {
        const file = files.at(-1)!;
        files[files.length - 1] = { ...file, clusters: file.clusters + 1 };
      },
      onClusterData: () => undefined,
      onClusterEnd: () => undefined,
      onBlockPayload: (chunk, start, end) => void payload.push(Buffer.from(chunk.subarray(start, end))),
      onBlock: ({ trackNumber, timecode }) => {
        files.at(-1)!.blocks.push(`${trackNumber}:${timecode}:${Buffer.concat(payload).toString("hex")}`);
        payload = [];
      },
    },
    { concatenated: true },
  );
  reader.feed(bytes);
  reader.end();
  return files;
}

/** Every block of the files, as in {@link MatroskaContent}. */
export const blocksOf = (bytes: Uint8Array): string[] => contentsOf(bytes).flatMap(({ blocks }) => blocks);
