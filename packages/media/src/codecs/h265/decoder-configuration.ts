import { BitstreamError } from "../bit-reader.ts";
import { parseH265Sps } from "./sps.ts";

/** NAL unit types of parameter sets (ITU-T H.265, table 7-1). */
const H265_VPS = 32;
export const H265_SPS = 33;
const H265_PPS = 34;

const HEADER_BYTES = 23;
/** Arrays of an hvcC: one for each type of NAL unit that a record may hold, and some to spare. */
const MAX_ARRAYS = 16;
/** NAL units of a record: more than the 16 + 16 + 64 parameter sets that there can be ids for. */
const MAX_NAL_UNITS = 255;
const COMPLETE = 0x80;

/** An HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, section 8.3.3.1). */
export interface HevcConfiguration {
  nalLengthBytes: number;
  /** Views of the NAL units in the record, parameter sets and what else it holds. */
  nalUnits: readonly Uint8Array[];
  /** Where in the record each array of NAL units has its first byte. */
  arrayOffsets: readonly number[];
}

/** Type of an H.265 NAL unit. */
export function h265NalType(nal: Uint8Array): number {
  return (nal[0]! >> 1) & 0x3f;
}

/** Whether an H.265 NAL unit is a video, sequence or picture parameter set. */
export function isH265ParameterSet(nal: Uint8Array): boolean {
  const type = h265NalType(nal);
  return type >= H265_VPS && type <= H265_PPS;
}

/** Reads the contents of an hvcC box. Throws a `BitstreamError` where they are damaged. */
export function parseHevcConfiguration(data: Uint8Array): HevcConfiguration {
  if (data.length < HEADER_BYTES || data[0]! > 1) throw new BitstreamError("no hvcC of version 1");
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const nalUnits: Uint8Array[] = [];
  const arrayOffsets: number[] = [];
  const arrays = data[22]!;
  let at = HEADER_BYTES;
  for (let i = 0; i < arrays; i++) {
    if (i === MAX_ARRAYS || at + 3 > data.length) throw new BitstreamError("hvcC ends within its arrays");
    arrayOffsets.push(at);
    const count = view.getUint16(at + 1);
    at += 3;
    for (let j = 0; j < count; j++) {
      if (nalUnits.length === MAX_NAL_UNITS || at + 2 > data.length)
        throw new BitstreamError("hvcC ends within an array");
      const end = at + 2 + view.getUint16(at);
      if (end > data.length) throw new BitstreamError("hvcC ends within a parameter set");
      if (end > at + 2) nalUnits.push(data.subarray(at + 2, end));
      at = end;
    }
  }
  return { nalLengthBytes: (data[21]! & 3) + 1, nalUnits, arrayOffsets };
}

/**
 * A copy of an hvcC whose arrays say that all sets are in the record, as the sample entry hvc1 asks (ISO/IEC 14496-15,
 * section 8.4.1.1).
 */
export function markComplete(record: Uint8Array, arrayOffsets: readonly number[]): Uint8Array {
  const copy = record.slice();
  for (const offset of arrayOffsets) copy[offset]! |= COMPLETE;
  return copy;
}

/**
 * Writes the contents of an hvcC box around parameter sets; `complete` where no others come in frames. Throws a
 * `BitstreamError` where there is no sequence parameter set, a damaged one, or too many or large ones.
 */
export function writeHevcConfiguration(
  nalUnits: readonly Uint8Array[],
  nalLengthBytes: number,
  complete: boolean,
): Uint8Array {
  const first = nalUnits.find((nal) => h265NalType(nal) === H265_SPS);
  if (!first) throw new BitstreamError("no sequence parameter set");
  if (nalUnits.length > MAX_NAL_UNITS || nalUnits.some(({ length }) => length > 0xffff)) {
    throw new BitstreamError("more parameter sets than an hvcC can hold");
  }
  const sps = parseH265Sps(first);
  const layers = (sps.temporalLayers << 3) | (sps.temporalNesting ? 4 : 0);
  const record = [1, ...sps.profileTierLevel, 0xf0, 0, 0xfc, 0xfc | sps.chromaFormat];
  record.push(0xf8 | (sps.lumaBits - 8), 0xf8 | (sps.chromaBits - 8), 0, 0, layers | (nalLengthBytes - 1));
  const arrays = [H265_VPS, H265_SPS, H265_PPS].map((type) => nalUnits.filter((nal) => h265NalType(nal) === type));
  record.push(arrays.filter(({ length }) => length > 0).length);
  for (const array of arrays) {
    if (!array[0]) continue;
    record.push((complete ? COMPLETE : 0) | h265NalType(array[0]), 0, array.length);
    for (const nal of array) record.push(nal.length >> 8, nal.length & 0xff, ...nal);
  }
  return Uint8Array.from(record);
}
