import { audioStream } from "./audio-stream.ts";
import type { ElementaryStream, TransportTrack } from "./elementary-stream.ts";
import { PACKET_BYTES, writeClockPacket, writeRun, writeSectionPacket } from "./packet.ts";
import { writePesHeader } from "./pes.ts";
import { CLOCK_STEP, type ScheduledUnit, schedule } from "./schedule.ts";
import { ASSOCIATION_PID, associationSection, MAP_PID, mapSection } from "./tables.ts";
import { videoStream } from "./video-stream.ts";

/**
 * Presentation time that samples at 0 get, in ticks of 90 kHz: ten seconds. It leaves room for decoding times and the
 * clock, which come earlier, so that a timeline from 0 on does not begin with times that wrap.
 */
export const TRANSPORT_START_TICKS = 900_000;

/** Packets of the tables at the start of each segment. */
const TABLE_PACKETS = 2;

/** What a segment is made of: at least one track. */
export interface TransportSegmentSettings {
  /** H.264 or H.265. */
  readonly video?: TransportTrack | undefined;
  /** AAC or MP3. */
  readonly audio?: TransportTrack | undefined;
  /** Ticks of 90 kHz, a whole number, that are added to all times; none if not given. */
  readonly baseTicks?: number | undefined;
  /** Makes the memory of the segment, each of whose bytes is written; what it holds before does not matter. Zeroed memory if not given. */
  readonly allocate?: ((bytes: number) => Uint8Array) | undefined;
}

const zeroed = (bytes: number): Uint8Array => new Uint8Array(bytes);

function countPackets(units: readonly ScheduledUnit[]): number {
  let packets = TABLE_PACKETS;
  for (const { clocksBefore, packets: own } of units) packets += clocksBefore + own;
  return packets;
}

/** Writes a PES packet at the end of its place, and divides it from there among its transport packets. */
function writeUnit(out: Uint8Array, at: number, scheduled: ScheduledUnit, counter: number): void {
  const { bytes, clock, index, packets, stream, unit } = scheduled;
  const start = at + packets * PACKET_BYTES - bytes;
  const { dts, payloadBytes, pts, randomAccess } = unit;
  stream.writePayload(index, out, writePesHeader(out, start, { streamId: stream.streamId, pts, dts, payloadBytes }));
  writeRun(out, at, { pid: stream.pid, packets, counter, bytes, clock, randomAccess });
}

/**
 * A segment of an MPEG-2 transport stream (ISO/IEC 13818-1) with one program, as HLS wants it (RFC 8216, section 3.2):
 * it begins with the tables, and depends on nothing before it. The same samples make the same bytes.
 *
 * Presentation times are those of the samples plus `baseTicks` and `TRANSPORT_START_TICKS`, in 33 bits. Continuity
 * counters begin at 0, and each track takes a multiple of 16 packets: so segments that are played, or joined, one behind
 * the other in any order have counters without a break.
 *
 * Throws a `CodecError` where a track's codec has no mapping, and a `RangeError` where there is no track.
 */
export function transportSegment({
  allocate = zeroed,
  audio,
  baseTicks = 0,
  video,
}: TransportSegmentSettings): Uint8Array {
  if (!Number.isSafeInteger(baseTicks)) throw new RangeError(`baseTicks is no whole number: ${baseTicks}`);
  const base = baseTicks + TRANSPORT_START_TICKS;
  const streams: ElementaryStream[] = [];
  if (video !== undefined) streams.push(videoStream(video, base));
  if (audio !== undefined) streams.push(audioStream(audio, base));
  const clockPid = streams[0]?.pid;
  if (clockPid === undefined) throw new RangeError("a transport segment has a track");

  const units = schedule(streams);
  const out = allocate(countPackets(units) * PACKET_BYTES);
  writeSectionPacket(out, 0, ASSOCIATION_PID, associationSection());
  writeSectionPacket(out, PACKET_BYTES, MAP_PID, mapSection(clockPid, streams));
  const counters = new Map(streams.map(({ pid }) => [pid, 0]));
  let at = TABLE_PACKETS * PACKET_BYTES;
  for (const scheduled of units) {
    for (let i = 0; i < scheduled.clocksBefore; i++, at += PACKET_BYTES)
      writeClockPacket(out, at, clockPid, counters.get(clockPid)!, scheduled.firstClock + i * CLOCK_STEP);
    const { pid } = scheduled.stream;
    const counter = counters.get(pid)!;
    writeUnit(out, at, scheduled, counter);
    counters.set(pid, counter + scheduled.packets);
    at += scheduled.packets * PACKET_BYTES;
  }
  return out;
}
