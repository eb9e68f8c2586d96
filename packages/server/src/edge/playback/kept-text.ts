import { SharedMemory } from "../../domain/playback/shared-memory.ts";
import { EncodedText, type ZippedText } from "./answers.ts";

/** Shorter texts are no burden to the garbage collector; and longer ones share their memory with nothing else. */
const LEAST_SHARED_BYTES = 128 * 1024;

/**
 * A text that a cache keeps: the memory of a long one goes back when it has left the cache, and nobody reads it any more. Playlists of a day, some
 * six megabytes each, had V8 mark its heap with every sixth, for longer than it takes to compress one.
 */
export class KeptText extends EncodedText {
  /** Of long texts. Whoever takes one from the cache lets go of it. */
  readonly memory?: SharedMemory;
  #zipping: Promise<ZippedText> | undefined;

  /**
   * @param content whose memory, where it is long, nobody else reads later than `zipped` resolves
   * @param zipped as of `EncodedText`
   */
  constructor(content: string | Uint8Array, zipped?: Promise<Uint8Array>) {
    super(content, zipped);
    // Less than all of the memory may be text.
    if (this.text.length >= LEAST_SHARED_BYTES) this.memory = new SharedMemory([new Uint8Array(this.text.buffer)]);
    if (zipped !== undefined) this.zipped();
  }

  override zipped(): Promise<ZippedText> | undefined {
    const zipping = super.zipped();
    if (zipping !== undefined && zipping !== this.#zipping) {
      this.#zipping = zipping;
      this.#holdWhile(zipping);
    }
    return zipping;
  }

  /** Another thread reads the text until it is compressed. */
  #holdWhile(zipping: Promise<ZippedText>): void {
    const { memory } = this;
    if (memory === undefined) return;
    memory.hold();
    const letGo = (): void => memory.letGo();
    zipping.then(({ body }) => memory.add(body)).then(letGo, letGo);
  }
}
