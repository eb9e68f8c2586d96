import { atMost, type BitReader } from "../bit-reader.ts";

/** Bounds that the semantics give (ITU-T H.265, sections 7.4.3.2.1 and 7.4.8). */
const MAX_SHORT_TERM_SETS = 64;
const MAX_LONG_TERM_PICTURES = 32;
const MAX_SET_PICTURES = 16;

/** Passes over scaling_list_data (ITU-T H.265, section 7.3.4). */
export function skipScalingLists(reader: BitReader): void {
  for (let size = 0; size < 4; size++) {
    for (let matrix = 0; matrix < 6; matrix += size === 3 ? 3 : 1) {
      if (!reader.flag()) {
        reader.unsigned(); // scaling_list_pred_matrix_id_delta
        continue;
      }
      if (size > 1) reader.signed(); // scaling_list_dc_coef_minus8
      const coefficients = Math.min(64, 1 << (4 + size * 2));
      for (let i = 0; i < coefficients; i++) reader.signed();
    }
  }
}

/** Reads a set that is told by its difference from the one before; returns how many pictures it has. */
function readPredictedSet(reader: BitReader, previousPictures: number): number {
  reader.skip(1); // delta_rps_sign
  reader.unsigned(); // abs_delta_rps_minus1
  let pictures = 0;
  for (let i = 0; i <= previousPictures; i++) {
    const used = reader.flag();
    if (used || reader.flag()) pictures++;
  }
  return pictures;
}

function readOwnSet(reader: BitReader): number {
  const negative = atMost(MAX_SET_PICTURES, reader.unsigned(), "num_negative_pics");
  const positive = atMost(MAX_SET_PICTURES, reader.unsigned(), "num_positive_pics");
  for (let i = 0; i < negative + positive; i++) {
    reader.unsigned(); // delta_poc_minus1
    reader.skip(1); // used_by_curr_pic_flag
  }
  return negative + positive;
}

/** Passes over the sets of short-term and long-term reference pictures (ITU-T H.265, section 7.3.7). */
export function skipReferenceSets(reader: BitReader, orderCountBits: number): void {
  const sets = atMost(MAX_SHORT_TERM_SETS, reader.unsigned(), "num_short_term_ref_pic_sets");
  let pictures = 0;
  for (let i = 0; i < sets; i++) {
    pictures = i > 0 && reader.flag() ? readPredictedSet(reader, pictures) : readOwnSet(reader);
  }
  if (!reader.flag()) return;
  const longTerm = atMost(MAX_LONG_TERM_PICTURES, reader.unsigned(), "num_long_term_ref_pics_sps");
  reader.skip(longTerm * (orderCountBits + 1));
}
