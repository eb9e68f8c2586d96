import type { KeyObject } from "node:crypto";
import { RecordDamaged } from "../../../storage/ports/journal.ts";
import type { LentFragment } from "../../fragments/archive.ts";
import { decodeFooter, decodeHead, FOOTER_BYTES } from "../../fragments/layout.ts";
import { decryptInPlace } from "../../keys/decrypt.ts";
import { brokenSeal, decryptionOf } from "../../keys/seal.ts";
import { owned } from "../../own-memory.ts";
import type { SegmentTrack } from "../built-segment.ts";
import { type DemuxedTrack, SegmentDemuxer } from "../demux-segment.ts";
import { packageSegment } from "../package-segment.ts";
import type { PartReader, SegmentOrder, SegmentReply } from "./order.ts";

/** Memory that is kept from one segment to the next: 2 s at 32 Mbit/s. */
const KEPT_BYTES = 8 * 2 ** 20;

/**
 * A segment of more frames is not made: each takes some 400 bytes of the heap, of which the worker has 64 MiB, and would be lost with what others wait for. One of
 * 20 s has some thousands.
 */
const MOST_FRAMES = 50_000;

/** Makes segments of fragments that are lent: all of it in one thread, in memory that is used again. */
export class SegmentMaker {
  readonly #readPart: PartReader;
  #memory = new Uint8Array(0);

  constructor(readPart: PartReader) {
    this.#readPart = readPart;
  }

  /**
   * Makes a segment, in memory of its own.
   * @throws RangeError where it has too many frames, RecordDamaged, LayoutError, MatroskaError, CodecError, and whatever the file system throws
   */
  make(order: SegmentOrder): NonNullable<SegmentReply> {
    const memory = this.#room(order.fragments.reduce((sum, { row }) => sum + row.size, 0));
    try {
      const segment = packageSegment(order.form, this.#demux(order, memory), order.fragments[0]!.row);
      return { ...segment, tracks: segment.tracks.map(portable) } as typeof segment;
    } finally {
      // Of a large one: a thread that has nothing to do collects no garbage.
      if (memory.buffer !== this.#memory.buffer) memory.buffer.transfer(0);
    }
  }

  /** The playable tracks, whose frames lie in `memory`, which the fragments fill. */
  #demux({ key, fragments }: SegmentOrder, memory: Uint8Array<ArrayBuffer>): DemuxedTrack[] {
    const demuxer = new SegmentDemuxer();
    let at = 0;
    let frames = 0;
    for (const fragment of fragments) {
      const { row } = fragment;
      const whole = memory.subarray(at, at + row.size);
      this.#open(key, fragment, whole);
      frames += framesIn(whole);
      if (frames > MOST_FRAMES) throw new RangeError(`the segment has ${frames} frames or more`);
      const opened = decodeHead(whole);
      if (opened === undefined)
        throw new RecordDamaged(`fragment ${row.sequence} of stream ${row.streamId} has no head`);
      demuxer.addWhole(row, opened.head, whole.subarray(opened.bodyStart, row.size - FOOTER_BYTES));
      at += row.size;
    }
    return demuxer.playable();
  }

  /** Fills `whole` with the plaintext of a fragment. */
  #open(key: KeyObject, { row, file }: LentFragment, whole: Uint8Array<ArrayBuffer>): void {
    const parts = row.extents.length / 2;
    let at = 0;
    for (let place = 0; place < parts; place++) {
      const part = this.#readPart(file, row, place, whole.subarray(at));
      if (!decryptInPlace(decryptionOf(key, part), part.ciphertext)) throw brokenSeal(part);
      at += part.ciphertext.length;
    }
  }

  #room(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes <= this.#memory.length) return this.#memory.subarray(0, bytes);
    const memory = new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
    if (bytes <= KEPT_BYTES) this.#memory = memory;
    return memory;
  }
}

/** How many frames a whole fragment says that it has: the server wrote that. */
const framesIn = (whole: Uint8Array<ArrayBuffer>): number =>
  decodeFooter(Buffer.from(whole.buffer, whole.byteOffset + whole.length - FOOTER_BYTES, FOOTER_BYTES)).frames;

/** A track without views of memory that it shares with others: a message takes all of what a view lies in. */
function portable<Track extends SegmentTrack>(track: Track): Track {
  const { codec } = track;
  return { ...track, codec: { ...codec, configuration: owned(codec.configuration) } };
}
