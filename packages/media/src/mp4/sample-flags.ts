/** sample_depends_on 2: the sample can be decoded alone (ISO/IEC 14496-12, section 8.8.3.1). */
const INDEPENDENT = 0x0200_0000;
/** sample_depends_on 1 and sample_is_non_sync_sample. */
const DEPENDENT = 0x0101_0000;

/** The flags that fragments give to samples (ISO/IEC 14496-12, section 8.8.3.1). */
export function sampleFlags(keyframe: boolean): number {
  return keyframe ? INDEPENDENT : DEPENDENT;
}
