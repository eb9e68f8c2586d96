/** Samples at 48 kHz of a frame, by each fourth of the configurations of a mode (RFC 6716, section 3.1, table 2). */
const SILK_FRAMES = [480, 960, 1920, 2880];
const HYBRID_FRAMES = [480, 960];
const CELT_FRAMES = [120, 240, 480, 960];
const FIRST_HYBRID = 12;
const FIRST_CELT = 16;
/** 120 ms, the longest packet (RFC 6716, section 3.2.5). */
const MAX_PACKET_SAMPLES = 5760;

function frameSamplesOf(configuration: number): number {
  if (configuration < FIRST_HYBRID) return SILK_FRAMES[configuration % 4]!;
  return configuration < FIRST_CELT ? HYBRID_FRAMES[configuration % 2]! : CELT_FRAMES[configuration % 4]!;
}

/** Samples at 48 kHz that a packet decodes to (RFC 6716, section 3.1); 0 where it is damaged. */
export function opusPacketSamples(packet: Uint8Array): number {
  const toc = packet[0];
  if (toc === undefined) return 0;
  const code = toc & 3;
  const frames = code === 3 ? (packet[1] ?? 0) & 0x3f : Math.min(code + 1, 2);
  const samples = frames * frameSamplesOf(toc >> 3);
  return samples <= MAX_PACKET_SAMPLES ? samples : 0;
}
