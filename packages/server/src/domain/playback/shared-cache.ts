import { Lru } from "./lru.ts";
import type { SharedMemory } from "./shared-memory.ts";

/** What a cache holds: it knows how much memory it takes. */
export interface Sized {
  /** Bytes. */
  readonly bytes: number;
  /** What most of them lie in, where they shall be given back when nobody uses the value any more. */
  readonly memory?: SharedMemory;
}

/**
 * Values that are expensive to make and that many ask for: each is made once, whoever asks meanwhile shares it, and the ones used least
 * recently make room for others. A value that failed is made again.
 */
export class SharedCache<Value extends Sized> {
  readonly #capacity: number;
  readonly #kept: Lru<Value>;
  readonly #making = new Map<string, Promise<Value>>();

  /** @param capacity bytes of all values together; one that is larger than half of it is not kept */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#kept = new Lru(capacity, ({ memory }) => memory?.letGo());
  }

  /** Forgets the values whose key begins with `prefix`. */
  forget(prefix: string): void {
    this.#kept.deleteWhere((key) => key.startsWith(prefix));
  }

  /** Whether the value of `key` is there, or is being made. */
  has(key: string): boolean {
    return this.#kept.has(key) || this.#making.has(key);
  }

  /** The value of `key` where it is there, held as by {@link get}. */
  kept(key: string): Value | undefined {
    const kept = this.#kept.get(key);
    return kept && held(kept);
  }

  /**
   * The value of `key`, made by `make` where it is not there. Its memory is held for the caller, who lets go of it when done. Rejects as `make`
   * does.
   */
  get(key: string, make: () => Promise<Value>): Promise<Value> {
    const kept = this.kept(key);
    if (kept !== undefined) return Promise.resolve(kept);
    let making = this.#making.get(key);
    if (making === undefined) {
      making = make()
        .then((value) => this.#keep(key, value))
        .finally(() => this.#making.delete(key));
      this.#making.set(key, making);
    }
    return making.then(held);
  }

  #keep(key: string, value: Value): Value {
    if (value.bytes <= this.#capacity / 2) this.#kept.set(key, held(value), value.bytes);
    return value;
  }
}

function held<Value extends Sized>(value: Value): Value {
  value.memory?.hold();
  return value;
}
