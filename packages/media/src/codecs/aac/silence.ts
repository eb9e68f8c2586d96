import { BitReader } from "../bit-reader.ts";

/**
 * The elements of a frame by channelConfiguration (ISO/IEC 14496-3, table 1.19), by their id_syn_ele (table 4.85). Configuration 0 is written
 * down in a program config element, and those above 7 hardly occur.
 */
const SINGLE = 0;
const PAIR = 1;
const LOW_FREQUENCY = 3;
const ELEMENTS: readonly (readonly number[])[] = [
  [],
  [SINGLE],
  [PAIR],
  [SINGLE, PAIR],
  [SINGLE, PAIR, SINGLE],
  [SINGLE, PAIR, PAIR],
  [SINGLE, PAIR, PAIR, LOW_FREQUENCY],
  [SINGLE, PAIR, PAIR, PAIR, LOW_FREQUENCY],
];

const AAC_LC = 2;
/** Object types that wrap another one (ISO/IEC 14496-3, table 1.17): spectral band replication and parametric stereo. */
const WRAPPERS: ReadonlySet<number> = new Set([5, 29]);
const EXPLICIT_RATE = 15;

/** ics_info of one long window without a scale factor band, and so without a spectrum: all bits are 0. */
const WINDOW = "0".repeat(1 + 2 + 1 + 6 + 1);
/** global_gain, and neither pulses nor noise shaping nor gain control. */
const GAIN = "0".repeat(8);
const NO_TOOLS = "000";
const COMMON_WINDOW = "1";
const NO_MID_SIDE = "00";
const END = "111";

function elementBits(id: number, tag: number): string {
  const head = id.toString(2).padStart(3, "0") + tag.toString(2).padStart(4, "0");
  const channel = GAIN + NO_TOOLS;
  if (id === PAIR) return head + COMMON_WINDOW + WINDOW + NO_MID_SIDE + channel + channel;
  return head + GAIN + WINDOW + NO_TOOLS;
}

/**
 * A frame of AAC LC that decodes to silence (raw_data_block of ISO/IEC 14496-3, section 4.4.2.1), for a track with this AudioSpecificConfig;
 * undefined where its core is not LC, or its channels are laid out in a way of their own. Throws a `BitstreamError` where it is damaged.
 */
export function silentAacFrame(configuration: Uint8Array): Uint8Array | undefined {
  const reader = new BitReader(configuration);
  let objectType = reader.bits(5);
  skipSampleRate(reader);
  const elements = ELEMENTS[reader.bits(4)] ?? [];
  if (WRAPPERS.has(objectType)) {
    skipSampleRate(reader);
    objectType = reader.bits(5);
  }
  if (objectType !== AAC_LC || elements.length === 0) return undefined;
  const tags = new Map<number, number>();
  let bits = "";
  for (const id of elements) {
    const tag = tags.get(id) ?? 0;
    tags.set(id, tag + 1);
    bits += elementBits(id, tag);
  }
  bits += END;
  return Uint8Array.from({ length: Math.ceil(bits.length / 8) }, (_, byte) =>
    Number.parseInt(bits.slice(byte * 8, byte * 8 + 8).padEnd(8, "0"), 2),
  );
}

function skipSampleRate(reader: BitReader): void {
  if (reader.bits(4) === EXPLICIT_RATE) reader.skip(24);
}
