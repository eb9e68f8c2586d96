/** Bytes of a transport packet (ISO/IEC 13818-1, section 2.4.3.2). */
export const PACKET_BYTES = 188;
const HEADER_BYTES = 4;
/** What a packet has behind its header: payload, or an adaptation field and payload. */
export const BODY_BYTES = PACKET_BYTES - HEADER_BYTES;
/** Continuity counters have 4 bits. */
export const COUNTERS = 16;

const SYNC_BYTE = 0x47;
const UNIT_START = 0x40;
const HAS_PAYLOAD = 0x10;
const HAS_ADAPTATION = 0x20;
const STUFFING = 0xff;

/** Flags of the adaptation field (ISO/IEC 13818-1, section 2.4.3.4). */
const DISCONTINUITY = 0x80;
const RANDOM_ACCESS = 0x40;
const HAS_PCR = 0x10;
/** Bytes of an adaptation field with flags, and with flags and a program clock reference. */
const FLAGS_FIELD_BYTES = 2;
const PCR_FIELD_BYTES = 8;

/** Stands for no program clock reference. */
export const NO_CLOCK = -1;

/** Timestamps and the base of clock references count at 90 kHz and have 33 bits (ISO/IEC 13818-1, section 2.4.3.6). */
const TIMESTAMP_RANGE = 2 ** 33;

/** Wraps ticks to 33 bits. */
export function wrapTicks(ticks: number): number {
  const wrapped = ticks % TIMESTAMP_RANGE;
  return wrapped < 0 ? wrapped + TIMESTAMP_RANGE : wrapped;
}

/** Bytes of the adaptation field that a packet needs for a clock reference, and for the mark of random access. */
export function adaptationBytes(clock: number, randomAccess: boolean): number {
  if (clock !== NO_CLOCK) return PCR_FIELD_BYTES;
  return randomAccess ? FLAGS_FIELD_BYTES : 0;
}

function writeClock(out: Uint8Array, at: number, ticks: number): void {
  const base = wrapTicks(ticks);
  const high = Math.floor(base / 2);
  out[at] = high >>> 24;
  out[at + 1] = high >>> 16;
  out[at + 2] = high >>> 8;
  out[at + 3] = high;
  // The last bit, six reserved ones, and an extension of zero.
  out[at + 4] = ((base & 1) << 7) | 0x7e;
  out[at + 5] = 0;
}

function writeHeader(out: Uint8Array, at: number, pid: number, start: boolean, control: number, counter: number): void {
  out[at] = SYNC_BYTE;
  out[at + 1] = (start ? UNIT_START : 0) | (pid >> 8);
  out[at + 2] = pid;
  out[at + 3] = control | (counter & (COUNTERS - 1));
}

/** An adaptation field of `bytes` bytes in all, one or more, filled up with stuffing. */
function writeAdaptation(out: Uint8Array, at: number, bytes: number, flags: number, clock: number): void {
  out[at] = bytes - 1;
  if (bytes === 1) return;
  out[at + 1] = clock === NO_CLOCK ? flags : flags | HAS_PCR;
  if (clock !== NO_CLOCK) writeClock(out, at + 2, clock);
  const used = clock === NO_CLOCK ? FLAGS_FIELD_BYTES : PCR_FIELD_BYTES;
  if (bytes > used) out.fill(STUFFING, at + used, at + bytes);
}

/** A packet that brings nothing but the clock; it repeats the counter of the one before (section 2.4.3.3). */
export function writeClockPacket(out: Uint8Array, at: number, pid: number, counter: number, clock: number): void {
  writeHeader(out, at, pid, false, HAS_ADAPTATION, counter + COUNTERS - 1);
  writeAdaptation(out, at + HEADER_BYTES, BODY_BYTES, 0, clock);
}

/**
 * A packet with one section that fits in it. Sections are few, so that their counters cannot come round within a
 * segment; the mark of discontinuity allows them to start anew in each (ISO/IEC 13818-1, section 2.4.3.5).
 */
export function writeSectionPacket(out: Uint8Array, at: number, pid: number, section: Uint8Array): void {
  const pointer = at + HEADER_BYTES + FLAGS_FIELD_BYTES;
  writeHeader(out, at, pid, true, HAS_ADAPTATION | HAS_PAYLOAD, 0);
  writeAdaptation(out, at + HEADER_BYTES, FLAGS_FIELD_BYTES, DISCONTINUITY, NO_CLOCK);
  out[pointer] = 0;
  out.set(section, pointer + 1);
  out.fill(STUFFING, pointer + 1 + section.length, at + PACKET_BYTES);
}

/** A PES packet that is about to be divided among transport packets. */
export interface PacketRun {
  readonly pid: number;
  /** Transport packets to fill. */
  readonly packets: number;
  /** Counter of the first. */
  readonly counter: number;
  /** Bytes of the PES packet: at least one for each transport packet, at most what they hold. */
  readonly bytes: number;
  /** Program clock reference of the first packet, in ticks of 90 kHz, or `NO_CLOCK`. */
  readonly clock: number;
  readonly randomAccess: boolean;
}

/**
 * Divides a PES packet among the transport packets from `at` on. It lies at the end of their place already, and moves
 * forward piece by piece: packets are larger than what they carry, so what is written never reaches what is not yet
 * moved. Where there are more packets than it needs, the last carry a byte each.
 */
export function writeRun(out: Uint8Array, at: number, run: PacketRun): void {
  const { packets, pid } = run;
  let counter = run.counter;
  let clock = run.clock;
  let flags = run.randomAccess ? RANDOM_ACCESS : 0;
  let needed = adaptationBytes(clock, run.randomAccess);
  let left = run.bytes;
  const end = at + packets * PACKET_BYTES;
  for (let packet = 0, start = at; packet < packets; packet++, start += PACKET_BYTES) {
    const taken = Math.min(BODY_BYTES - needed, left - (packets - 1 - packet));
    const adaptation = BODY_BYTES - taken;
    writeHeader(out, start, pid, packet === 0, adaptation > 0 ? HAS_ADAPTATION | HAS_PAYLOAD : HAS_PAYLOAD, counter++);
    if (adaptation > 0) writeAdaptation(out, start + HEADER_BYTES, adaptation, flags, clock);
    out.copyWithin(start + PACKET_BYTES - taken, end - left, end - left + taken);
    left -= taken;
    flags = 0;
    needed = 0;
    clock = NO_CLOCK;
  }
}
