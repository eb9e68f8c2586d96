import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import { RecordDamaged } from "../../storage/ports/journal.ts";
import type { ReadMetrics } from "../events/metrics.ts";
import { sendLent } from "../lent-bytes.ts";
import type { Stream } from "../streams/stream.ts";
import { type FragmentArchive, FragmentGone, type StoredFragment } from "./archive.ts";
import { listedChunkHead, listedErrorChunk } from "./chunk.ts";
import { parseFragmentNumber } from "./fragment-number.ts";
import { LayoutError } from "./layout.ts";

const NOT_FOUND = { id: 4000, message: "The fragment does not exist or has expired." };
const DAMAGED = { id: 5000, message: "The fragment cannot be read." };

/** What a list is read from. */
export interface FragmentListOptions {
  readonly stream: Stream;
  readonly index: FragmentIndex;
  readonly archive: FragmentArchive;
  readonly metrics: ReadMetrics;
  readonly report: (error: unknown) => void;
}

/** One GetMediaForFragmentList (AWS docs): the chunks of chosen fragments, or what is wrong with them. */
export class FragmentList {
  readonly #options: FragmentListOptions;

  constructor(options: FragmentListOptions) {
    this.#options = options;
  }

  /** The response's bytes: a chunk for each number, in the order asked. Calls `done` when the iteration ends. */
  async *chunks(numbers: readonly string[], done: () => void): AsyncGenerator<Uint8Array, void> {
    const { metrics } = this.#options;
    try {
      for (const number of numbers) {
        for await (const bytes of this.#chunk(number)) {
          metrics.outgoingBytes += bytes.length;
          yield bytes;
        }
      }
    } catch (error) {
      metrics.connectionErrors++;
      throw error;
    } finally {
      done();
    }
  }

  async *#chunk(number: string): AsyncGenerator<Uint8Array, void> {
    const { metrics } = this.#options;
    const row = await this.#find(number);
    const fragment = row === undefined ? NOT_FOUND : await this.#open(row);
    if ("message" in fragment) {
      yield listedErrorChunk(number, fragment);
      return;
    }
    try {
      yield listedChunkHead(fragment.head, fragment.row);
      yield* sendLent(fragment.body());
    } finally {
      await fragment.close();
    }
    metrics.outgoingFragments++;
    metrics.outgoingFrames += fragment.frames;
  }

  async #find(text: string): Promise<FragmentRow | undefined> {
    const { stream, index } = this.#options;
    const number = parseFragmentNumber(text);
    if (number === undefined || !stream.archives || stream.signal.aborted) return undefined;
    const row = await index.bySequence({ streamId: stream.id, horizon: stream.horizon() }, number.sequence);
    const isIt = row?.serverTimestamp === number.serverTimestamp && row.random === number.random;
    return isIt ? row : undefined;
  }

  async #open(row: FragmentRow): Promise<StoredFragment | typeof DAMAGED> {
    const { archive, stream, report } = this.#options;
    try {
      return await archive.open(stream, row);
    } catch (error) {
      if (error instanceof FragmentGone || stream.signal.aborted) return NOT_FOUND;
      report(error);
      if (error instanceof RecordDamaged || error instanceof LayoutError) return DAMAGED;
      throw error;
    }
  }
}
