/** The values used most recently, as many as their weights allow. */
export class Lru<Value> {
  readonly #capacity: number;
  /** In order of last use. */
  readonly #entries = new Map<string, { readonly value: Value; readonly weight: number }>();
  readonly #onRemoved: (value: Value) => void;
  /** The key that was used last: it has its place already when it is used again, as what many ask for at a time is. */
  #newest: string | undefined;
  #weight = 0;

  /**
   * @param capacity of all values' weights together
   * @param onRemoved told of each value that leaves
   */
  constructor(capacity: number, onRemoved: (value: Value) => void = () => undefined) {
    this.#capacity = capacity;
    this.#onRemoved = onRemoved;
  }

  /** Whether it has the key, which that is no use of. */
  has(key: string): boolean {
    return this.#entries.has(key);
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (key !== this.#newest) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      this.#newest = key;
    }
    return entry.value;
  }

  set(key: string, value: Value, weight: number): void {
    this.delete(key);
    this.#entries.set(key, { value, weight });
    this.#newest = key;
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#capacity) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
    this.#onRemoved(entry.value);
  }

  /** Removes every value that the test wants removed. */
  deleteWhere(isDoomed: (key: string, value: Value) => boolean): void {
    for (const [key, { value }] of this.#entries) if (isDoomed(key, value)) this.delete(key);
  }

  /** How many values there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** Sum of the weights. */
  get weight(): number {
    return this.#weight;
  }
}
