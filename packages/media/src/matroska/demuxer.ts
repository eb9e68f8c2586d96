import type { MatroskaReaderOptions, MatroskaStreamHandler } from "./handler.ts";
import type { MatroskaBlock, MatroskaCluster, MatroskaHeader, MatroskaTags } from "./model.ts";
import { PacketAssembler, type PacketSink } from "./packet.ts";
import { MatroskaStreamReader } from "./stream-reader.ts";

/**
 * Most bytes of a block, by default: an intra frame of 8K video stays below 16 MiB, and Kinesis Video Streams takes 50
 * MB for a whole fragment (AWS, "Kinesis Video Streams quotas").
 */
export const DEFAULT_MAX_BLOCK_BYTES = 64 * 1024 * 1024;

/** What a `MatroskaDemuxer` tells, synchronously from within `feed` and `end`, in document order. */
export interface MatroskaPacketHandler extends PacketSink {
  /** As `MatroskaStreamHandler.onHeader`: first of all, and for each file anew. */
  onHeader?(header: MatroskaHeader): void;
  onTags?(tags: MatroskaTags): void;
  onClusterStart?(cluster: MatroskaCluster): void;
  onClusterEnd?(): void;
  onSegmentEnd?(): void;
}

/** Options of `MatroskaDemuxer`. */
export interface MatroskaDemuxerOptions extends MatroskaReaderOptions {
  /** Greatest block that may come in more than one chunk, in bytes; `DEFAULT_MAX_BLOCK_BYTES` if not given. */
  maxBlockBytes?: number;
}

/**
 * Reads the frames of a Matroska stream that comes in chunks of any size; a whole file can be fed as one. A frame that
 * lies in one chunk is a view of it, so a chunk must not be written to again while its packets are in use; a frame that
 * is cut by a chunk's border, or whose BlockGroup is, lies in a copy.
 */
export class MatroskaDemuxer {
  readonly #packets: PacketAssembler;
  readonly #reader: MatroskaStreamReader;

  constructor(handler: MatroskaPacketHandler, options: MatroskaDemuxerOptions = {}) {
    this.#packets = new PacketAssembler(options.maxBlockBytes ?? DEFAULT_MAX_BLOCK_BYTES);
    this.#reader = new MatroskaStreamReader(new PacketStream(handler, this.#packets), options);
  }

  /** Reads the next bytes. Throws a `MatroskaError` where they are damaged, and whatever the handler throws. */
  feed(chunk: Uint8Array): void {
    this.#reader.feed(chunk);
    this.#packets.leaveChunk();
  }

  /** Tells that no more bytes come; throws a `MatroskaError` where the input ends within an element. */
  end(): void {
    this.#reader.end();
  }
}

class PacketStream implements MatroskaStreamHandler {
  readonly #handler: MatroskaPacketHandler;
  readonly #packets: PacketAssembler;

  constructor(handler: MatroskaPacketHandler, packets: PacketAssembler) {
    this.#handler = handler;
    this.#packets = packets;
  }

  onHeader(header: MatroskaHeader): void {
    this.#packets.begin(header);
    this.#handler.onHeader?.(header);
  }

  onTags(tags: MatroskaTags): void {
    this.#handler.onTags?.(tags);
  }

  onClusterStart(cluster: MatroskaCluster): void {
    this.#packets.beginCluster(cluster);
    this.#handler.onClusterStart?.(cluster);
  }

  /** Packets carry the frames; the bytes around them are of no use here. */
  onClusterData(): void {}

  onBlockPayload(chunk: Uint8Array, start: number, end: number, bytesLeft: number): void {
    this.#packets.addPayload(chunk, start, end, bytesLeft);
  }

  onBlock(block: MatroskaBlock): void {
    this.#packets.finish(block, this.#handler);
  }

  onClusterEnd(): void {
    this.#handler.onClusterEnd?.();
  }

  onSegmentEnd(): void {
    this.#handler.onSegmentEnd?.();
  }
}
