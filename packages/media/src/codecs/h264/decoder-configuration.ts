import { BitstreamError } from "../bit-reader.ts";
import { parseH264Sps } from "./sps.ts";

/** NAL unit types of parameter sets (ITU-T H.264, table 7-1). */
export const H264_SPS = 7;
export const H264_PPS = 8;

/** Profiles whose record tells chroma and bit depth behind the sets (ISO/IEC 14496-15, section 5.3.3.1.2). */
const EXTENDED_PROFILES: ReadonlySet<number> = new Set([100, 110, 122, 144]);
/** Counts of sets have 5 and 8 bits in the record. */
const MAX_SPS = 31;
const MAX_PPS = 255;
const HEADER_BYTES = 6;

/** An AVCDecoderConfigurationRecord (ISO/IEC 14496-15, section 5.3.3.1). */
export interface AvcConfiguration {
  nalLengthBytes: number;
  /** Views of the NAL units in the record. */
  sequenceSets: readonly Uint8Array[];
  pictureSets: readonly Uint8Array[];
}

/** Type of an H.264 NAL unit. */
export function h264NalType(nal: Uint8Array): number {
  return nal[0]! & 0x1f;
}

function takeSets(data: Uint8Array, at: number, count: number): { sets: Uint8Array[]; end: number } {
  const sets: Uint8Array[] = [];
  let end = at;
  for (let i = 0; i < count; i++) {
    const start = end + 2;
    if (start > data.length) throw new BitstreamError("avcC ends within its parameter sets");
    end = start + data[end]! * 256 + data[end + 1]!;
    if (end > data.length) throw new BitstreamError("avcC ends within a parameter set");
    if (end > start) sets.push(data.subarray(start, end));
  }
  return { sets, end };
}

/** Reads the contents of an avcC box. Throws a `BitstreamError` where they are damaged. */
export function parseAvcConfiguration(data: Uint8Array): AvcConfiguration {
  if (data.length < HEADER_BYTES || data[0] !== 1) throw new BitstreamError("no avcC of version 1");
  const nalLengthBytes = (data[4]! & 3) + 1;
  const sequence = takeSets(data, HEADER_BYTES, data[5]! & MAX_SPS);
  if (sequence.end >= data.length) throw new BitstreamError("avcC ends before its picture parameter sets");
  const picture = takeSets(data, sequence.end + 1, data[sequence.end]!);
  return { nalLengthBytes, sequenceSets: sequence.sets, pictureSets: picture.sets };
}

function writeSets(target: number[], sets: readonly Uint8Array[]): void {
  for (const set of sets) target.push(set.length >> 8, set.length & 0xff, ...set);
}

/**
 * Writes the contents of an avcC box for streams that carry their parameter sets as NAL units. Throws a
 * `BitstreamError` where there is no sequence parameter set, a damaged one, or too many or large ones.
 */
export function writeAvcConfiguration({ nalLengthBytes, sequenceSets, pictureSets }: AvcConfiguration): Uint8Array {
  const first = sequenceSets[0];
  if (!first) throw new BitstreamError("no sequence parameter set");
  const tooMany = sequenceSets.length > MAX_SPS || pictureSets.length > MAX_PPS;
  if (tooMany || [...sequenceSets, ...pictureSets].some(({ length }) => length > 0xffff)) {
    throw new BitstreamError("more parameter sets than an avcC can hold");
  }
  const { profile, constraints, level, chromaFormat, lumaBits, chromaBits } = parseH264Sps(first);
  const record = [1, profile, constraints, level, 0xfc | (nalLengthBytes - 1), 0xe0 | sequenceSets.length];
  writeSets(record, sequenceSets);
  record.push(pictureSets.length);
  writeSets(record, pictureSets);
  if (EXTENDED_PROFILES.has(profile))
    record.push(0xfc | chromaFormat, 0xf8 | (lumaBits - 8), 0xf8 | (chromaBits - 8), 0);
  return Uint8Array.from(record);
}
