import { containerFrame, type MatroskaPacket } from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import { DomainError } from "../errors.ts";
import { formatFragmentNumber } from "../fragments/fragment-number.ts";
import type { FragmentPiece } from "./packets.ts";
import type { ClipTrack } from "./tracks.ts";

const FNV_PRIME = 0x01000193;

/** The frames of a piece in the order in which they stand in the clip: those of its first track, then those of the next, and so on. */
export type TrackFrames = readonly (readonly MatroskaPacket[])[];

/**
 * Sorts the packets of a piece by track, with their data in the form that MP4 holds. Packets of other tracks are left out.
 * @throws DomainError `invalid-media-frame` for a frame that cannot be of its codec
 */
export function framesByTrack(
  { packets }: FragmentPiece,
  tracks: readonly ClipTrack[],
  row: FragmentRow,
): MatroskaPacket[][] {
  const sorted: MatroskaPacket[][] = tracks.map(() => []);
  for (const packet of packets) {
    const slot = tracks.findIndex(({ track }) => track.number === packet.track.number);
    const clipTrack = tracks[slot];
    if (clipTrack === undefined) continue;
    const data = containerFrame(clipTrack.codec, packet.data);
    if (data === undefined) throw damagedFrame(packet, row);
    packet.data = data;
    sorted[slot]!.push(packet);
  }
  return sorted;
}

function damagedFrame({ track, timecode }: MatroskaPacket, row: FragmentRow): DomainError {
  const where = `fragment ${formatFragmentNumber(row)}, track ${track.number}, timecode ${timecode}`;
  return new DomainError("invalid-media-frame", `A frame cannot be read as ${track.codecId}: ${where}.`);
}

/**
 * The bytes of a piece's frames, without what lies between them, in few buffers. Most are moved together within the piece, which is of no
 * other use then: a copy into fresh memory takes longer.
 */
export function packFrames(piece: Uint8Array, frames: TrackFrames): Uint8Array[] {
  const sizes = frames.map(totalBytes);
  const largest = sizes.indexOf(Math.max(...sizes));
  // Moving the frames of the largest track writes over the others, so those are copied first.
  const packed = frames.map((packets, slot) => (slot === largest ? [] : [copyOf(packets, sizes[slot]!)]));
  packed[largest] = moveTogether(piece, frames[largest]!);
  return packed.flat().filter(({ length }) => length > 0);
}

/** A frame as far as its bytes are counted. */
interface SizedFrame {
  readonly data: { readonly length: number };
}

/** What the frames of a fragment amount to, by which the second reading shows to be of the same frames in the same order as the first. */
export class FrameSum {
  bytes = 0;
  /** FNV-1a over tracks and sizes, 32 bits at a time. */
  #hash = 0x811c9dc5;

  /** Adds the next piece's frames. */
  add(frames: readonly (readonly SizedFrame[])[]): void {
    frames.forEach((sized, slot) => {
      for (const { data } of sized) {
        this.bytes += data.length;
        this.#hash = Math.imul(Math.imul(this.#hash ^ slot, FNV_PRIME) ^ data.length, FNV_PRIME);
      }
    });
  }

  equals(other: FrameSum): boolean {
    return this.bytes === other.bytes && this.#hash === other.#hash;
  }
}

/** Bytes of these frames together. */
export function totalBytes(packets: readonly SizedFrame[]): number {
  let bytes = 0;
  for (const { data } of packets) bytes += data.length;
  return bytes;
}

const copyOf = (packets: readonly MatroskaPacket[], bytes: number): Uint8Array =>
  Buffer.concat(
    packets.map(({ data }) => data),
    bytes,
  );

/** Frames that do not lie in the piece, since it has only their end or their form was changed, stand between what is moved. */
function moveTogether(piece: Uint8Array, packets: readonly MatroskaPacket[]): Uint8Array[] {
  const runs: Uint8Array[] = [];
  let start = 0;
  let end = 0;
  for (const { data } of packets) {
    const at = offsetIn(piece, data);
    if (at === undefined) {
      if (end > start) runs.push(piece.subarray(start, end));
      start = end;
      runs.push(data);
      continue;
    }
    piece.copyWithin(end, at, at + data.length);
    end += data.length;
  }
  if (end > start) runs.push(piece.subarray(start, end));
  return runs;
}

function offsetIn(piece: Uint8Array, data: Uint8Array): number | undefined {
  if (data.buffer !== piece.buffer) return undefined;
  const at = data.byteOffset - piece.byteOffset;
  return at >= 0 && at + data.length <= piece.length ? at : undefined;
}
