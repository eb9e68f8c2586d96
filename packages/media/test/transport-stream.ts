/** Reads transport streams for tests, and holds them to ISO/IEC 13818-1 while it does. */
import assert from "node:assert/strict";

const PACKET_BYTES = 188;

/** A PES packet, put together again. */
export interface ReadPes {
  readonly streamId: number;
  /** Length that its header states: 0 where it leaves it open. */
  readonly statedLength: number;
  readonly pts: number;
  readonly dts: number;
  readonly payload: Uint8Array;
  readonly randomAccess: boolean;
}

/** What a transport stream holds. */
export interface ReadStream {
  readonly sections: ReadonlyMap<number, Uint8Array[]>;
  readonly pes: ReadonlyMap<number, ReadPes[]>;
  /** Program clock references by PID, in ticks of 90 kHz. */
  readonly clocks: ReadonlyMap<number, number[]>;
  /** Clock references and, for PES packets, decoding times, in the order of the stream. */
  readonly order: readonly { readonly kind: "clock" | "pes"; readonly ticks: number }[];
  /** Packets with payload by PID. */
  readonly counts: ReadonlyMap<number, number>;
}

/** CRC-32/MPEG-2, bit by bit over the message followed by 32 zeros as the definition has it. */
export function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    for (let bit = 7n; bit >= 0n; bit--) {
      const top = (crc >> 31n) ^ ((BigInt(byte) >> bit) & 1n);
      crc = ((crc << 1n) & 0xffffffffn) ^ (top === 1n ? 0x04c11db7n : 0n);
    }
  }
  return Number(crc);
}

function timestamp(bytes: Uint8Array, at: number, prefix: number): number {
  assert.equal(bytes[at]! >> 4, prefix);
  for (const marker of [0, 2, 4]) assert.equal(bytes[at + marker]! & 1, 1);
  const high = BigInt((bytes[at]! >> 1) & 7);
  const middle = BigInt(((bytes[at + 1]! << 8) | bytes[at + 2]!) >> 1);
  const low = BigInt(((bytes[at + 3]! << 8) | bytes[at + 4]!) >> 1);
  return Number((high << 30n) | (middle << 15n) | low);
}

function readPes(bytes: Uint8Array, randomAccess: boolean): ReadPes {
  assert.deepEqual([...bytes.subarray(0, 3)], [0, 0, 1]);
  const statedLength = (bytes[4]! << 8) | bytes[5]!;
  if (statedLength > 0) assert.equal(statedLength, bytes.length - 6);
  assert.equal(bytes[6], 0x84);
  const both = bytes[7] === 0xc0;
  assert.equal(bytes[7]! & 0x80, 0x80);
  assert.equal(bytes[8], both ? 10 : 5);
  const pts = timestamp(bytes, 9, both ? 3 : 2);
  const dts = both ? timestamp(bytes, 14, 1) : pts;
  return { streamId: bytes[3]!, statedLength, pts, dts, payload: bytes.subarray(both ? 19 : 14), randomAccess };
}

interface Adaptation {
  bytes: number;
  flags: number;
  clock: number | undefined;
}

function readAdaptation(packet: Uint8Array, control: number): Adaptation {
  if ((control & 2) === 0) return { bytes: 0, flags: 0, clock: undefined };
  const length = packet[4]!;
  assert.ok(control === 2 ? length === 183 : length <= 182, `an adaptation field of ${length} bytes`);
  if (length === 0) return { bytes: 1, flags: 0, clock: undefined };
  const flags = packet[5]!;
  let clock: number | undefined;
  let used = 6;
  if (flags & 0x10) {
    const [a, b, c, d, e, f] = packet.subarray(6, 12);
    clock = ((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0;
    clock = clock * 2 + (e! >> 7);
    assert.equal(e! & 0x7f, 0x7e);
    assert.equal(f, 0);
    used = 12;
  }
  assert.ok(packet.subarray(used, 5 + length).every((byte) => byte === 0xff));
  return { bytes: 1 + length, flags, clock };
}

function push<T>(lists: Map<number, T[]>, key: number, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

interface OpenPes {
  parts: Uint8Array[];
  randomAccess: boolean;
}

/** Reads a whole stream. Fails where it breaks the rules; counters and all. */
export function readTransportStream(bytes: Uint8Array): ReadStream {
  assert.equal(bytes.length % PACKET_BYTES, 0);
  const sections = new Map<number, Uint8Array[]>();
  const pes = new Map<number, ReadPes[]>();
  const clocks = new Map<number, number[]>();
  const counts = new Map<number, number>();
  const counters = new Map<number, number>();
  const open = new Map<number, OpenPes>();
  const order: { kind: "clock" | "pes"; ticks: number }[] = [];
  const close = (pid: number): void => {
    const unit = open.get(pid);
    if (unit === undefined) return;
    push(pes, pid, readPes(Buffer.concat(unit.parts), unit.randomAccess));
    open.delete(pid);
  };
  for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
    const packet = bytes.subarray(at, at + PACKET_BYTES);
    assert.equal(packet[0], 0x47);
    assert.equal(packet[1]! & 0xa0, 0);
    const pid = ((packet[1]! & 0x1f) << 8) | packet[2]!;
    const start = (packet[1]! & 0x40) !== 0;
    const control = (packet[3]! >> 4) & 3;
    const counter = packet[3]! & 15;
    const { bytes: adaptation, clock, flags } = readAdaptation(packet, control);
    const payload = packet.subarray(4 + adaptation);
    if (flags & 0x40) assert.ok(start);
    const last = counters.get(pid);
    if (last !== undefined && (flags & 0x80) === 0)
      assert.equal(counter, control & 1 ? (last + 1) % 16 : last, `counter of PID ${pid} at byte ${at}`);
    counters.set(pid, counter);
    if (clock !== undefined) {
      push(clocks, pid, clock);
      order.push({ kind: "clock", ticks: clock });
    }
    if ((control & 1) === 0) continue;
    counts.set(pid, (counts.get(pid) ?? 0) + 1);
    if (pid === 0 || pid === 0x1000) {
      assert.ok(start);
      assert.equal(payload[0], 0);
      const length = 3 + (((payload[2]! & 0x0f) << 8) | payload[3]!);
      assert.ok(payload.subarray(1 + length).every((byte) => byte === 0xff));
      assert.equal(crcOf(payload.subarray(1, 1 + length)), 0);
      push(sections, pid, payload.subarray(1, 1 + length));
      continue;
    }
    if (start) {
      close(pid);
      open.set(pid, { parts: [], randomAccess: (flags & 0x40) !== 0 });
    }
    open.get(pid)!.parts.push(payload);
    if (start && payload.length >= 19) order.push({ kind: "pes", ticks: readDecodingTime(payload) });
  }
  for (const pid of [...open.keys()]) close(pid);
  return { sections, pes, clocks, order, counts };
}

function readDecodingTime(payload: Uint8Array): number {
  return payload[7] === 0xc0 ? timestamp(payload, 14, 1) : timestamp(payload, 9, 2);
}
