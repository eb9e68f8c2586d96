import type { MatroskaTrack } from "../matroska/model.ts";
import { startsWithStartCode, USUAL_NAL_LENGTH_BYTES } from "./nal-units.ts";

/** Offset in CodecPrivate of the byte whose lowest two bits are the size of the lengths less one (ISO/IEC 14496-15, sections 5.3.3 and 8.3.3). */
const LENGTH_SIZE_OFFSETS: ReadonlyMap<string, number> = new Map([
  ["V_MPEG4/ISO/AVC", 4],
  ["V_MPEG/ISO/AVC", 4],
  ["V_MPEGH/ISO/HEVC", 21],
]);

/** NAL units of one frame that are looked at: pictures of 8K have some hundred. What has more is left unknown, as units of no bytes cost time. */
const MAX_UNITS = 1024;

/** Size of the lengths before the NAL units of a track's frames, as far as its CodecPrivate tells; 0 for codecs that have none. */
export function nalLengthBytesOf({ codecId, codecPrivate }: MatroskaTrack): number {
  const offset = LENGTH_SIZE_OFFSETS.get(codecId);
  if (offset === undefined) return 0;
  if (codecPrivate === undefined || startsWithStartCode(codecPrivate)) return USUAL_NAL_LENGTH_BYTES;
  const byte = codecPrivate[offset];
  return byte === undefined ? USUAL_NAL_LENGTH_BYTES : (byte & 3) + 1;
}

/** Tells of a frame that comes in pieces what `isLengthPrefixed` tells of a whole one. Reads the lengths alone. */
export class LengthPrefixCheck {
  #lengthBytes = 0;
  /** Bytes that have been read of the next length, and their value. */
  #read = 0;
  #length = 0;
  /** Bytes left of the NAL unit. */
  #left = 0;
  #units = 0;

  /** Begins with a frame whose lengths have `lengthBytes` bytes. */
  begin(lengthBytes: number): void {
    this.#lengthBytes = lengthBytes;
    this.#read = 0;
    this.#length = 0;
    this.#left = 0;
    this.#units = 0;
  }

  /** Takes the frame's next bytes, `chunk[start]` to `chunk[end - 1]`. */
  add(chunk: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end && this.#units <= MAX_UNITS; ) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, end - at);
        this.#left -= taken;
        at += taken;
        continue;
      }
      this.#length = this.#length * 256 + chunk[at++]!;
      if (++this.#read === this.#lengthBytes) this.#enterUnit();
    }
  }

  /** Whether what has been taken is one or more NAL units behind their lengths, and nothing else; false for a frame of very many. */
  get holds(): boolean {
    return this.#left === 0 && this.#read === 0 && this.#units > 0 && this.#units <= MAX_UNITS;
  }

  #enterUnit(): void {
    this.#left = this.#length;
    this.#read = 0;
    this.#length = 0;
    this.#units++;
  }
}
