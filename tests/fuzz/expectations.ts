import assert from "node:assert/strict";
import { type Sample, samples } from "../../packages/media/test/samples.ts";
import type { WireAck } from "../support/put-media-socket.ts";
import { placesOf } from "./elements.ts";
import type { CorpusBody } from "./mkv-corpus.ts";

/** A Cluster's header, CRC-32 and Timestamp, or an EBML header's ID and size: behind these bytes the fragment before has ended. */
const NEXT_BEGUN_BYTES = 32;
/** What may be wrong with a body (AWS docs, "PutMedia", error codes). Neither 4000 nor 5001: the server has no part in it. */
const ERRORS_OF_BODIES = new Map([
  [4001, "MAX_FRAGMENT_SIZE_REACHED"],
  [4002, "MAX_FRAGMENT_DURATION_REACHED"],
  [4004, "FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS"],
  [4006, "INVALID_MKV_DATA"],
  [4007, "INVALID_PRODUCER_TIMESTAMP"],
  [4009, "FRAGMENT_METADATA_LIMIT_REACHED"],
  [4010, "TRACK_NUMBER_MISMATCH"],
  [4011, "FRAMES_MISSING_FOR_TRACK"],
  [4012, "MORE_THAN_ALLOWED_TRACKS_FOUND"],
]);
/** The producer SDKs send the rest of a fragment so after an error, and begin anew at its start when they are told INTERNAL_ERROR. */
const HEADLESS = { EventType: "ERROR", ErrorCode: "INTERNAL_ERROR", ErrorId: 5000 } as const;
/** IDs of a SimpleBlock and of a BlockGroup (RFC 9559, section 5.1.3): what the rest of a fragment begins with. */
const BLOCK_IDS: readonly (number | undefined)[] = [0xa3, 0xa0];
const TIMESTAMP_ID = 0xe7;
const FRAGMENT_NUMBER = /^\d{47}$/;

interface Origin {
  readonly sample: Sample;
  readonly bytes: Buffer;
  /** For each fragment that a session can take from the sample: its timecode, and how much must come for it to be complete. */
  readonly fragments: { timecode: number; completeAt: number }[];
  /** Offsets at which an element begins or ends. */
  readonly boundaries: ReadonlySet<number>;
}

function originOf(sample: Sample): Origin {
  const bytes = Buffer.from(sample.bytes);
  const starts = sample.clusters.map((cluster) => bytes.indexOf(cluster.bytes));
  // A session takes one file only, and no fragment that lacks a declared track, as those of this sample do.
  if (sample.concatenated === true) starts[1] = bytes.indexOf(bytes.subarray(0, 4), 4);
  const whole = sample.name === "laced" ? [] : sample.clusters.slice(0, -1);
  const fragments = whole.map(({ timecode }, index) => ({
    timecode,
    completeAt: starts[index + 1]! + NEXT_BEGUN_BYTES,
  }));
  const boundaries = new Set(placesOf(bytes).flatMap(({ at, end }) => [at, end]));
  return { sample, bytes, fragments, boundaries };
}

const ORIGINS = samples().map(originOf);

function commonPrefix(a: Uint8Array, b: Uint8Array): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

const originNamed = (name: string): Origin | undefined =>
  ORIGINS.find(({ sample }) => name.startsWith(`${sample.name}: `));

/** Timecodes of the fragments that came whole before the first damaged byte: they are persisted, whatever the damage is. */
export function undamagedTimecodes({ name, bytes }: CorpusBody): number[] {
  const origin = originNamed(name);
  if (origin === undefined) return [];
  const intact = commonPrefix(origin.bytes, bytes);
  return origin.fragments.filter(({ completeAt }) => completeAt <= intact).map(({ timecode }) => timecode);
}

/** Whether a body ends within an element's header or data, so that it cannot be taken for a whole one. */
export function endsWithinElement({ name }: CorpusBody): boolean {
  const cut = /: cut at (\d+)$/.exec(name)?.[1];
  return cut !== undefined && !originNamed(name)!.boundaries.has(Number(cut));
}

/** The value of every Timestamp element that can be read anywhere in a body, as JSON carries it. */
function timestampsIn(bytes: Uint8Array): Set<number> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = new Set<number>();
  for (let at = buffer.indexOf(TIMESTAMP_ID); at >= 0; at = buffer.indexOf(TIMESTAMP_ID, at + 1)) {
    const sizeLength = Math.clz32(buffer[at + 1] ?? 0) - 23;
    const dataAt = at + 1 + sizeLength;
    if (sizeLength > 8 || dataAt > buffer.length) continue;
    const size = BigInt.asUintN(7 * sizeLength, BigInt(`0x${buffer.toString("hex", at + 1, dataAt)}`));
    if (size > 8n || dataAt + Number(size) > buffer.length) continue;
    values.add(Number(BigInt(`0x0${buffer.toString("hex", dataAt, dataAt + Number(size))}`)));
  }
  return values;
}

/** Holds the acknowledgements of one session against their grammar; throws AssertionError. */
export function checkAcks(acks: readonly WireAck[], { name, bytes }: CorpusBody): void {
  if (BLOCK_IDS.includes(bytes[0])) {
    assert.deepEqual(acks, [{ ...HEADLESS, Message: acks[0]?.Message }], name);
    return;
  }
  const timestamps = timestampsIn(bytes);
  const timecodes = new Map<string, number>();
  const buffered: string[] = [];
  const received: string[] = [];
  const persisted: string[] = [];
  const kinds = { BUFFERING: buffered, RECEIVED: received, PERSISTED: persisted };
  for (const [index, ack] of acks.entries()) {
    if (ack.EventType === "ERROR") {
      assert.equal(index, acks.length - 1, `${name}: ${ack.ErrorId} is not the last acknowledgement`);
      checkError(
        ack,
        buffered.filter((number) => !received.includes(number)),
        name,
      );
      const timecode = ack.FragmentTimecode;
      assert.ok(timecode === undefined || timestamps.has(timecode), `${name}: ${timecode} is no Timestamp of the body`);
      continue;
    }
    assert.ok(ack.EventType !== "IDLE", `${name}: idle`);
    assert.match(ack.FragmentNumber!, FRAGMENT_NUMBER, name);
    if (ack.EventType === "BUFFERING") {
      assert.ok(timestamps.has(ack.FragmentTimecode!), `${name}: ${ack.FragmentTimecode} is no Timestamp of the body`);
      assert.ok(ack.FragmentNumber! > (buffered.at(-1) ?? ""), `${name}: descends`);
      timecodes.set(ack.FragmentNumber!, ack.FragmentTimecode!);
    }
    assert.equal(ack.FragmentTimecode, timecodes.get(ack.FragmentNumber!), `${name}: another fragment's timecode`);
    kinds[ack.EventType].push(ack.FragmentNumber!);
    assert.deepEqual(received, buffered.slice(0, received.length), `${name}: RECEIVED out of turn`);
    assert.deepEqual(persisted, received.slice(0, persisted.length), `${name}: PERSISTED out of turn`);
  }
  assert.deepEqual(persisted, received, `${name}: what was received is durable at the end`);
  if (acks.at(-1)?.EventType !== "ERROR") assert.deepEqual(received, buffered, `${name}: a fragment has no end`);
}

function checkError(ack: WireAck, unfinished: readonly string[], name: string): void {
  assert.equal(
    ack.ErrorCode,
    ERRORS_OF_BODIES.get(ack.ErrorId!),
    `${name}: ${ack.ErrorId} ${ack.ErrorCode} ${ack.Message}`,
  );
  assert.ok(JSON.stringify(ack).length < 1024, `${name}: the C producer library drops acknowledgements this long`);
  if (ack.FragmentNumber !== undefined) assert.ok(unfinished.includes(ack.FragmentNumber), name);
}
