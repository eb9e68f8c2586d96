import type { FragmentRow } from "../../../storage/ports/fragment.ts";
import type { FragmentArchive } from "../../fragments/archive.ts";
import { WorkerLine, type WorkerLineOptions } from "../../keys/worker-line.ts";
import type { Stream } from "../../streams/stream.ts";
import type { FormName, SegmentForms } from "../package-segment.ts";
import type { SegmentOrder, SegmentReply } from "./order.ts";

/** Fragments of fewer bytes are read and packaged sooner than two threads are woken for them. */
const WORTH_A_WORKER = 64 * 1024;
/** Nor are segments of more, which the worker would hold whole, while others wait: none of 20 s at 25 Mbit/s. */
const MOST_BYTES = 64 * 2 ** 20;
/** Frames of a segment lie in the heap as views: `MOST_FRAMES` of them take a third of it. */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };

/** Makes segments in a worker that reads, opens and packages them, so that the thread that serves viewers does none of it. */
export class SegmentWorkshop {
  readonly #archive: FragmentArchive;
  readonly #worker: WorkerLine<SegmentOrder, SegmentReply>;

  /**
   * @param script runs `serveOrders`
   */
  constructor(archive: FragmentArchive, script: URL, options: WorkerLineOptions = {}) {
    this.#archive = archive;
    this.#worker = new WorkerLine("packager", script, { limits: WORKER_LIMITS, ...options });
  }

  /** The segment that these fragments make up; undefined where it has to be made without the worker, if it can. */
  async make<Form extends FormName>(
    form: Form,
    stream: Stream,
    rows: readonly FragmentRow[],
  ): Promise<SegmentForms[Form] | undefined> {
    const bytes = rows.reduce((sum, { size }) => sum + size, 0);
    if (bytes < WORTH_A_WORKER || bytes > MOST_BYTES || !this.#worker.ready()) return undefined;
    const reply = await this.#archive
      .lend(stream, rows, (loan) => this.#worker.request({ form, ...loan }))
      // Who makes it without the worker meets the same, and tells.
      .catch(() => undefined);
    return reply as SegmentForms[Form] | undefined;
  }

  /** Ends the worker; what comes later is made without it. */
  async close(): Promise<void> {
    await this.#worker.close();
  }
}
