import type { ElementaryStream, PesUnit } from "./elementary-stream.ts";
import { adaptationBytes, BODY_BYTES, COUNTERS, NO_CLOCK } from "./packet.ts";
import { pesHeaderBytes } from "./pes.ts";

/** Ticks of 90 kHz by which the clock is behind the decoding time of what arrives: what a decoder has time to buffer. */
const CLOCK_LEAD = 45_000;
/** Greatest distance of clock references in ticks: 100 ms (ISO/IEC 13818-1, section 2.7.2). */
export const CLOCK_STEP = 9000;
/** A frame carries the clock where so many ticks have gone by: all frames up to 25 a second, some above. */
const CLOCK_PERIOD = 3600;
/** A pause above so many ticks is left without clocks: a minute costs 600 packets, and no player needs them. */
const MAX_BRIDGED_PAUSE = 60 * 90_000;

/** What is written for one PES packet, in the order of the segment. */
export interface ScheduledUnit {
  readonly stream: ElementaryStream;
  readonly unit: PesUnit;
  /** Of the unit in its stream. */
  readonly index: number;
  /** Bytes with the PES header. */
  readonly bytes: number;
  /** Packets with nothing but the clock that go before it, and what the first says; each says 100 ms more. */
  readonly clocksBefore: number;
  readonly firstClock: number;
  /** What the clock says in its first packet, or `NO_CLOCK`. */
  readonly clock: number;
  /** Transport packets that it takes. */
  packets: number;
}

/** When the clock is told: each of its answers is for the next PES packet in the segment. */
class Clock {
  #last: number | undefined;

  /** How many packets must tell the clock before `now`, and what the first says; `own` where one at `now` will. */
  advance(now: number, own: boolean): { count: number; first: number } {
    const last = this.#last;
    if (last === undefined || now - last > MAX_BRIDGED_PAUSE) {
      this.#last = now;
      return { count: own ? 0 : 1, first: now };
    }
    const distances = Math.max(0, now - last) / CLOCK_STEP;
    const count = own ? Math.max(0, Math.ceil(distances) - 1) : Math.floor(distances);
    this.#last = own ? now : last + count * CLOCK_STEP;
    return { count, first: last + CLOCK_STEP };
  }

  /** Whether a PES packet at `now` shall tell the clock itself. */
  isDue(now: number): boolean {
    return this.#last === undefined || now - this.#last >= CLOCK_PERIOD;
  }
}

/** Transport packets that a PES packet of `bytes` bytes takes, with so large an adaptation field in the first. */
function packetsFor(bytes: number, adaptation: number): number {
  const beyondFirst = bytes - (BODY_BYTES - adaptation);
  return 1 + Math.max(0, Math.ceil(beyondFirst / BODY_BYTES));
}

function scheduleUnit(stream: ElementaryStream, index: number, clock: Clock, isClockStream: boolean): ScheduledUnit {
  const unit = stream.units[index]!;
  const now = unit.dts - CLOCK_LEAD;
  const own = isClockStream && (unit.randomAccess || clock.isDue(now));
  const { count, first } = clock.advance(now, own);
  const bytes = pesHeaderBytes(unit.pts, unit.dts) + unit.payloadBytes;
  const told = own ? now : NO_CLOCK;
  const packets = packetsFor(bytes, adaptationBytes(told, unit.randomAccess));
  return { stream, unit, index, bytes, clocksBefore: count, firstClock: first, clock: told, packets };
}

/**
 * Gives each stream a multiple of 16 packets, so that the counters of the next segment, which begin at 0, go on where
 * those of this one end. The largest unit takes the packets that are missing, up to 15: it has bytes for them, since
 * the shortest has a header of 14 bytes and a frame of 4.
 */
function alignCounters(units: readonly ScheduledUnit[], stream: ElementaryStream): void {
  let packets = 0;
  let largest: ScheduledUnit | undefined;
  for (const scheduled of units) {
    if (scheduled.stream !== stream) continue;
    packets += scheduled.packets;
    if (largest === undefined || scheduled.bytes > largest.bytes) largest = scheduled;
  }
  if (largest !== undefined) largest.packets += (COUNTERS - (packets % COUNTERS)) % COUNTERS;
}

/**
 * The PES packets of all streams in the order of their decoding times, those of earlier streams first where times are
 * equal. The first stream carries the clock.
 */
export function schedule(streams: readonly ElementaryStream[]): ScheduledUnit[] {
  const clock = new Clock();
  const next = streams.map(() => 0);
  const scheduled: ScheduledUnit[] = [];
  for (;;) {
    let chosen = -1;
    let earliest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < streams.length; i++) {
      const unit = streams[i]!.units[next[i]!];
      if (unit === undefined || unit.dts >= earliest) continue;
      chosen = i;
      earliest = unit.dts;
    }
    if (chosen < 0) break;
    scheduled.push(scheduleUnit(streams[chosen]!, next[chosen]!, clock, chosen === 0));
    next[chosen]!++;
  }
  for (const stream of streams) alignCounters(scheduled, stream);
  return scheduled;
}
