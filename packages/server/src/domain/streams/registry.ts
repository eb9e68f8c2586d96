import { NameTaken, type NewStream, type StreamRecord, type WrappedKey } from "../../storage/ports/stream-catalog.ts";
import { DomainError } from "../errors.ts";
import type { Caller } from "../events/events.ts";
import { formatStreamArn, parseStreamArn } from "./arn.ts";
import type { StreamLimits } from "./limits.ts";
import { decodePageToken, encodePageToken } from "./page-token.ts";
import { checkRetentionHours } from "./retention.ts";
import { SEQUENCE_BLOCK } from "./sequences.ts";
import { Stream, type StreamOwner, streamNotFound, whereFull } from "./stream.ts";
import { mergeTags, type Tags } from "./tags.ts";
import { newVersion } from "./version.ts";

/** What the registry needs of the service that makes and keeps streams' data keys. */
export interface StreamKeys {
  /** Makes a data key and wraps it, bound to `context` (the stream's ARN). */
  create(context: string): Promise<WrappedKey>;
  /** Drops whatever is held in memory of a deleted stream's key. */
  forget(streamId: number): void;
}

/** What a `StreamRegistry` is made of. */
export interface StreamRegistryOptions extends StreamOwner {
  readonly keys: StreamKeys;
  readonly region: string;
  /** Twelve decimal digits. */
  readonly accountId: string;
  readonly limits: StreamLimits;
}

/** How a request names a stream: by name, by ARN, or by both where they agree. */
export interface StreamReference {
  readonly name?: string | undefined;
  readonly arn?: string | undefined;
}

/** What a new stream is to be. */
export interface StreamRequest {
  readonly name: string;
  readonly deviceName?: string | undefined;
  readonly mediaType?: string | undefined;
  readonly kmsKeyId?: string | undefined;
  /** 0 to 87,600. */
  readonly retentionHours: number;
  readonly storageTier: StreamRecord["storageTier"];
  readonly tags: Tags;
}

/** Which streams to list: those whose name begins with `prefix`, from where `token` of an earlier page points. */
export interface StreamQuery {
  readonly prefix?: string | undefined;
  readonly token?: string | undefined;
  /** Most streams in the page, at least 1. */
  readonly limit: number;
}

/** A page of streams in ascending order of name; `token` asks for the next page and is absent on the last. */
export interface StreamPage {
  readonly streams: readonly StreamRecord[];
  readonly token?: string;
}

const PAGE_TOKEN = "streams";
/** Streams in one catalog query while all are walked. */
const WALK_PAGE = 1_000;

/**
 * The streams that exist, as the one process that owns them sees them: there is at most one live `Stream` for each, loaded from the
 * catalog when it is first asked for.
 */
export class StreamRegistry {
  readonly #options: StreamRegistryOptions;
  readonly #byName = new Map<string, Stream>();
  readonly #ids = new Set<number>();
  readonly #loading = new Map<string, Promise<Stream | undefined>>();
  #creating = 0;
  #lastDeleted = 0;

  constructor(options: StreamRegistryOptions) {
    this.#options = options;
  }

  /**
   * Makes a stream, active at once. Rejects with DomainError `stream-exists` where the name is taken, `stream-limit` where
   * too many streams exist, `storage-full` where the disk is full, `invalid-argument` or `tags-limit` where the request breaks a rule.
   *
   * @param caller who asked for it, to be told with it; so it is with other changes
   */
  async create(request: StreamRequest, caller?: Caller): Promise<Stream> {
    const stream = this.#newStream(request);
    const { name, retentionHours } = stream;
    this.#creating++;
    try {
      await this.#requireRoom();
      const wrappedKey = await this.#options.keys.create(stream.arn);
      const created = await this.#options.catalog.create(stream, wrappedKey);
      this.#options.tell?.("stream created", { stream: name, retentionHours, ...caller });
      return this.#adopt(created, 1);
    } catch (error) {
      throw error instanceof NameTaken ? streamExists(name, error) : whereFull(error);
    } finally {
      this.#creating--;
    }
  }

  /**
   * The stream that a request names. Rejects with DomainError `invalid-argument` where it names none or two different ones,
   * `stream-not-found` where there is none of that name, or it was created at another time than the ARN says.
   */
  async find({ name, arn }: StreamReference): Promise<Stream> {
    const named = name ?? nameInArn(arn);
    const stream = this.#byName.get(named) ?? (await this.#load(named));
    if (arn !== undefined && stream?.arn !== arn) {
      throw name === undefined || nameInArn(arn) === name ? streamNotFound() : differentStreams();
    }
    if (stream === undefined || stream.signal.aborted) throw streamNotFound();
    return stream;
  }

  /** The stream of this id, which no other stream ever has; undefined where it was deleted. */
  async byId(id: number): Promise<Stream | undefined> {
    const record = await this.#options.catalog.byId(id);
    return record && this.#adopt(record, record.reservedSequence);
  }

  /** One page of streams. Rejects with DomainError `invalid-argument` where the token is not of this query. */
  async list({ prefix = "", token, limit }: StreamQuery): Promise<StreamPage> {
    const after = token === undefined ? undefined : positionInToken(token, prefix);
    const rows = await this.#options.catalog.list({ prefix, limit: limit + 1, ...(after !== undefined && { after }) });
    if (rows.length <= limit) return { streams: rows };
    const streams = rows.slice(0, limit);
    return { streams, token: encodePageToken(PAGE_TOKEN, [prefix, streams.at(-1)!.name]) };
  }

  /**
   * Deletes a stream: its readers and writers end, its data keys are destroyed, and with them all that was archived.
   * Rejects with DomainError `version-mismatch` where `currentVersion` is given and stale.
   */
  async delete(arn: string, currentVersion?: string, caller?: Caller): Promise<void> {
    const stream = await this.find({ arn });
    try {
      await stream.delete(currentVersion);
      this.#lastDeleted = Math.max(this.#lastDeleted, stream.record.creationTime);
      this.#options.tell?.("stream deleted", { stream: stream.name, ...caller });
    } finally {
      if (stream.signal.aborted) this.#forget(stream);
    }
  }

  /**
   * Every stream's record as it is when it is reached, ascending by name. Streams that are created or deleted meanwhile may be missed
   * or included.
   */
  async *records(): AsyncGenerator<StreamRecord> {
    for (let after = ""; ; ) {
      const page = await this.#options.catalog.list({ limit: WALK_PAGE, after });
      for (const record of page) {
        const stream = this.#byName.get(record.name);
        yield stream?.id === record.id ? stream.record : record;
      }
      if (page.length < WALK_PAGE) return;
      after = page.at(-1)!.name;
    }
  }

  /**
   * Tells by id which streams exist: those of the catalog now, and those created or loaded later. For clearing away what deleted
   * streams have left; a stream deleted after the call may still count as existing.
   */
  async existing(): Promise<(streamId: number) => boolean> {
    const ids = new Set<number>();
    for await (const record of this.records()) ids.add(record.id);
    return (streamId) => ids.has(streamId) || this.#ids.has(streamId);
  }

  #newStream(request: StreamRequest): NewStream {
    checkRetentionHours(request.retentionHours);
    const { name, deviceName, mediaType, kmsKeyId } = request;
    const { region, accountId, now } = this.#options;
    // Later than any deleted stream, so that an old ARN never comes to mean a new stream, even within one millisecond.
    const creationTime = Math.max(now(), this.#lastDeleted + 1);
    return {
      name,
      arn: formatStreamArn({ region, accountId, name, creationTime }),
      creationTime,
      version: newVersion(),
      status: "ACTIVE",
      ...(deviceName !== undefined && { deviceName }),
      ...(mediaType !== undefined && { mediaType }),
      ...(kmsKeyId !== undefined && { kmsKeyId }),
      retentionHours: request.retentionHours,
      storageTier: request.storageTier,
      tags: mergeTags({}, request.tags),
      horizon: 0,
      reservedSequence: 1 + SEQUENCE_BLOCK,
    };
  }

  async #requireRoom(): Promise<void> {
    const { catalog, limits } = this.#options;
    // Streams that are being created count too, so that a burst of requests cannot pass the limit together.
    if ((await catalog.count()) + this.#creating <= limits.streams) return;
    throw new DomainError("stream-limit", `The number of streams is limited to ${limits.streams}.`);
  }

  #load(name: string): Promise<Stream | undefined> {
    let loading = this.#loading.get(name);
    if (loading === undefined) {
      loading = this.#read(name).finally(() => this.#loading.delete(name));
      this.#loading.set(name, loading);
    }
    return loading;
  }

  async #read(name: string): Promise<Stream | undefined> {
    const record = await this.#options.catalog.byName(name);
    return record && this.#adopt(record, record.reservedSequence);
  }

  /** The one `Stream` of a record: a lookup may have met the record of a stream before its creation has come back here. */
  #adopt(record: StreamRecord, nextSequence: number): Stream {
    const known = this.#byName.get(record.name);
    if (known?.id === record.id) return known;
    const stream = new Stream(this.#options, record, nextSequence);
    this.#byName.set(record.name, stream);
    this.#ids.add(record.id);
    return stream;
  }

  #forget(stream: Stream): void {
    if (this.#byName.get(stream.name) !== stream) return;
    this.#byName.delete(stream.name);
    this.#ids.delete(stream.id);
    this.#options.keys.forget(stream.id);
  }
}

function nameInArn(arn: string | undefined): string {
  if (arn === undefined) {
    throw new DomainError("invalid-argument", "Either StreamName or StreamARN must be specified.");
  }
  const parsed = parseStreamArn(arn);
  if (parsed === undefined) throw streamNotFound();
  return parsed.name;
}

function positionInToken(token: string, prefix: string): string {
  const [tokenPrefix, after] = decodePageToken(PAGE_TOKEN, token, ["string", "string"]);
  if (tokenPrefix !== prefix) {
    throw new DomainError("invalid-argument", "NextToken belongs to a request with another StreamNameCondition.");
  }
  return String(after);
}

function streamExists(name: string, cause: NameTaken): DomainError {
  return new DomainError("stream-exists", `The stream ${name} already exists.`, { cause });
}

function differentStreams(): DomainError {
  return new DomainError("invalid-argument", "StreamName and StreamARN name different streams.");
}
