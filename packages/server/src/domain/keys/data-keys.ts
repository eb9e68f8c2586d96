import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { type KeyEncryption, KeyUnavailable } from "../../storage/ports/key-encryption.ts";
import type { StreamCatalog, WrappedKey } from "../../storage/ports/stream-catalog.ts";

const DATA_KEY_BYTES = 32;
/** Data keys held unwrapped: some 300 bytes each, and more streams than one process is expected to serve at a time. */
const DEFAULT_CAPACITY = 16_384;

/** What locates and authenticates a stream's data key: its id in the catalog, and the ARN that the key is bound to. */
export interface KeyOwner {
  readonly id: number;
  readonly arn: string;
}

/**
 * The data keys of streams: made and wrapped when a stream is created, unwrapped on first use, and kept for the streams used most recently.
 * A key leaves memory with `forget`, which is half of crypto-erasure; the catalog destroys the wrapped form.
 */
export class DataKeys {
  readonly #catalog: Pick<StreamCatalog, "wrappedKey">;
  readonly #encryption: KeyEncryption;
  readonly #capacity: number;
  /** In order of last use. A load in progress is an entry too, so that concurrent readers share it and `forget` drops it. */
  readonly #keys = new Map<number, Promise<KeyObject>>();

  constructor(catalog: Pick<StreamCatalog, "wrappedKey">, encryption: KeyEncryption, capacity = DEFAULT_CAPACITY) {
    this.#catalog = catalog;
    this.#encryption = encryption;
    this.#capacity = capacity;
  }

  /** Makes a random data key for a new stream and wraps it, bound to the stream's ARN. */
  async create(arn: string): Promise<WrappedKey> {
    const key = randomBytes(DATA_KEY_BYTES);
    try {
      return await this.#encryption.wrap(key, arn);
    } finally {
      key.fill(0);
    }
  }

  /** The stream's data key. Rejects with `KeyUnavailable` where it was destroyed with its stream or cannot be unwrapped. */
  get(owner: KeyOwner): Promise<KeyObject> {
    const known = this.#keys.get(owner.id);
    if (known !== undefined) {
      this.#keys.delete(owner.id);
      this.#keys.set(owner.id, known);
      return known;
    }
    const loading = this.#load(owner);
    this.#keys.set(owner.id, loading);
    loading.catch(() => {
      if (this.#keys.get(owner.id) === loading) this.#keys.delete(owner.id);
    });
    if (this.#keys.size > this.#capacity) this.#keys.delete(this.#keys.keys().next().value!);
    return loading;
  }

  /** Drops the stream's key from memory. */
  forget(streamId: number): void {
    this.#keys.delete(streamId);
  }

  async #load(owner: KeyOwner): Promise<KeyObject> {
    const wrapped = await this.#catalog.wrappedKey(owner.id);
    if (wrapped === undefined) throw new KeyUnavailable(`the data key of stream ${owner.arn} no longer exists`);
    const raw = await this.#encryption.unwrap(wrapped, owner.arn);
    try {
      return createSecretKey(raw);
    } finally {
      raw.fill(0);
    }
  }
}
