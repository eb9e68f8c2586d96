import assert from "node:assert/strict";
import {
  concatBytes,
  type MatroskaBlock,
  type MatroskaCluster,
  MatroskaError,
  type MatroskaHeader,
  type MatroskaReaderOptions,
  type MatroskaStreamHandler,
  MatroskaStreamReader,
  type MatroskaTags,
} from "../src/index.ts";

export interface RecordedBlock extends Omit<MatroskaBlock, "frameSizes"> {
  frames: Uint8Array[];
}

export interface RecordedCluster extends MatroskaCluster {
  blocks: RecordedBlock[];
  data: Uint8Array;
  complete: boolean;
}

/**
 * Gathers what a reader tells, in a form that does not depend on how the input was cut, and checks the order of the
 * calls.
 */
export class Recorder implements MatroskaStreamHandler {
  headers: MatroskaHeader[] = [];
  tags: MatroskaTags[] = [];
  clusters: RecordedCluster[] = [];
  /** Calls in order, those that depend on the cutting left out. */
  calls: string[] = [];
  #pieces: Uint8Array[] = [];
  #told = 0;
  #payload: Uint8Array[] = [];

  get #cluster(): RecordedCluster {
    return this.clusters.at(-1)!;
  }

  onHeader(header: MatroskaHeader): void {
    this.calls.push("header");
    this.headers.push(header);
  }

  onTags(tags: MatroskaTags): void {
    this.calls.push("tags");
    this.tags.push(tags);
  }

  onClusterStart(cluster: MatroskaCluster): void {
    this.calls.push("cluster");
    this.clusters.push({ ...cluster, blocks: [], data: new Uint8Array(0), complete: false });
    this.#pieces = [];
    this.#told = 0;
  }

  onClusterData(view: Uint8Array, atBoundary: boolean): void {
    assert.ok(view.length > 0 && !this.#cluster.complete);
    this.#pieces.push(view.slice());
    this.#told += view.length;
    const lastEnd = this.#cluster.blocks.at(-1)?.clusterEndOffset ?? 0;
    if (atBoundary) assert.ok(this.#told >= lastEnd, "a boundary lies behind every block told");
  }

  onBlockPayload(chunk: Uint8Array, start: number, end: number): void {
    assert.ok(end > start && end <= chunk.length);
    this.#payload.push(chunk.slice(start, end));
  }

  onBlock(block: MatroskaBlock): void {
    assert.ok(this.#told < block.clusterEndOffset, "a block is told before its last bytes");
    const { frameSizes, ...rest } = block;
    const payload = concatBytes(this.#payload);
    this.#payload = [];
    assert.equal(payload.length, block.payloadBytes);
    const frames: Uint8Array[] = [];
    let at = 0;
    for (const size of frameSizes.subarray(0, block.frameCount)) {
      frames.push(payload.subarray(at, at + size));
      at += size;
    }
    assert.equal(at, payload.length, "the frames fill the payload");
    this.#cluster.blocks.push({ ...rest, frames });
    this.calls.push("block");
  }

  onClusterEnd(): void {
    this.calls.push("clusterEnd");
    this.#cluster.data = concatBytes(this.#pieces);
    this.#cluster.complete = true;
  }

  onSegmentEnd(): void {
    this.calls.push("segmentEnd");
  }
}

export interface Recording {
  recorder: Recorder;
  error: MatroskaError | undefined;
}

/** Reads `bytes` cut into the given chunk sizes, again and again; any error other than a `MatroskaError` is thrown. */
export function record(bytes: Uint8Array, chunkSizes: readonly number[], options?: MatroskaReaderOptions): Recording {
  const recorder = new Recorder();
  const reader = new MatroskaStreamReader(recorder, options);
  try {
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const size = chunkSizes[i % chunkSizes.length]!;
      // A chunk of its own, scrubbed afterwards: a view that outlives its chunk would show.
      const chunk = bytes.slice(at, at + size);
      reader.feed(chunk);
      chunk.fill(0xee);
      at += size;
    }
    reader.end();
    return { recorder, error: undefined };
  } catch (error) {
    if (!(error instanceof MatroskaError)) throw error;
    return { recorder, error };
  }
}
