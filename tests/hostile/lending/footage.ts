import { setTimeout as delay } from "node:timers/promises";
import { MatroskaStreamReader } from "@kvass/media";
import { bodyHeader, cluster, END_OF_FRAGMENT, element, simpleBlock, uint } from "../../support/matroska-body.ts";
import { signedHeaders } from "../../support/put-media-socket.ts";
import { CREDENTIALS } from "../../support/server.ts";
import { type Check, dial, type Place } from "./wire.ts";

/** Frames of a fragment, and the milliseconds that it lasts. */
const FRAMES = 10;
const FRAGMENT_MS = 1000;
const HEAD_BYTES = 12;
const FRAMES_APART = 8;
const MAX_FRAME_BYTES = 512 * 1024;

/** Media of a stream whose every byte tells the stream, and nearly the frame. */
export interface Footage {
  readonly name: string;
  /** 1 to 15. */
  readonly mark: number;
  readonly fragments: number;
  readonly frameBytes: number;
  /** Frames lie in BlockGroups that have so much behind them, where the parts of a fragment end then. */
  readonly padding?: number;
}

/** Runs of the bytes that frames consist of, by the byte. */
const runs = new Map<number, Buffer>();

function run(byte: number, length: number): Buffer {
  let found = runs.get(byte);
  if (found === undefined) {
    found = Buffer.alloc(MAX_FRAME_BYTES, byte);
    runs.set(byte, found);
  }
  return found.subarray(0, length);
}

/** What all bytes of a frame are: no two streams have one in common, nor frames that are near each other. */
const byteOf = (mark: number, index: number): number => (mark << 4) | FRAMES_APART | (index % FRAMES_APART);

/** One NAL unit behind its length, which is as much of H.264 as containers look into: none of its bytes is 0 but those of the length. */
function frameOf(mark: number, index: number, size: number): Buffer {
  const frame = Buffer.from(run(byteOf(mark, index), size));
  frame.writeUInt32BE(size - 4);
  frame[4] = index % FRAMES === 0 ? 0x65 : 0x41;
  for (let digit = 0; digit < 3; digit++) frame[5 + digit] = 1 + (Math.floor(index / 200 ** digit) % 200);
  return frame;
}

/** Frames of a fragment of recorded footage, each a little longer than the one before. */
export const framesOf = ({ mark, frameBytes }: Footage, fragment: number): Buffer[] =>
  Array.from({ length: FRAMES }, (_, i) => frameOf(mark, fragment * FRAMES + i, frameBytes + 7 * i));

function blockOf(frame: Buffer, offset: number, padding: number): Buffer {
  if (padding === 0) return simpleBlock(1, offset, frame[4] === 0x65, frame);
  const head = Buffer.from([0x81, offset >> 8, offset & 0xff, 0]);
  const reference = frame[4] === 0x65 ? [] : [element(0xfb, Buffer.from([0xff]))];
  const behind = [element(0x9b, uint(FRAGMENT_MS / FRAMES)), ...reference, element(0xec, Buffer.alloc(padding))];
  return element(0xa0, element(0xa1, head, frame), ...behind);
}

/** A fragment of footage as its producer sends it. */
export function clusterOf(footage: Footage, fragment: number, start: number): Buffer {
  const { padding = 0 } = footage;
  const blocks = framesOf(footage, fragment).map((frame, i) => blockOf(frame, (i * FRAGMENT_MS) / FRAMES, padding));
  return cluster(start + fragment * FRAGMENT_MS, ...blocks);
}

/** How fast footage is recorded, and for how long. */
interface Recording {
  /** Wait behind each fragment, in milliseconds. */
  readonly everyMs?: number;
  /** Ends it behind the fragment that is being sent. */
  readonly stop?: AbortSignal;
}

/** Sends fragments; resolves when all are durable. */
export async function record(
  place: Place,
  footage: Footage,
  start: number,
  { everyMs, stop }: Recording = {},
): Promise<void> {
  const socket = dial(place);
  let text = "";
  socket.on("error", () => socket.destroy());
  socket.setEncoding("latin1").on("data", (data) => {
    text += data.toString();
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(
    `POST /putMedia HTTP/1.1\r\n${signedHeaders({ ...CREDENTIALS, url: place.url, stream: footage.name }).join("\r\n")}\r\n\r\n`,
  );
  const send = (bytes: Buffer): void =>
    void socket.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]));
  send(bodyHeader());
  let sent = 0;
  for (; sent < footage.fragments && stop?.aborted !== true && !socket.destroyed; sent++) {
    send(Buffer.concat([clusterOf(footage, sent, start), END_OF_FRAGMENT]));
    if (everyMs !== undefined) await delay(everyMs, undefined, { signal: stop }).catch(() => undefined);
  }
  socket.write("0\r\n\r\n");
  while (!text.endsWith("\r\n0\r\n\r\n") && !socket.destroyed) {
    await Promise.race([closed, new Promise((resolve) => socket.once("data", resolve))]);
  }
  socket.destroy();
  const persisted = text.match(/"PERSISTED"/g)?.length ?? 0;
  const expected = stop?.aborted === true ? sent : footage.fragments;
  if (persisted !== expected || text.includes('"ERROR"'))
    throw new Error(`${persisted} fragments of ${footage.name}: ${text.slice(-300)}`);
}

/** Holds that frames which come in chunks of GetMedia are those of a stream. Throws where a byte is not. */
export function chunksCheck(mark: number, onFrame: () => void = () => undefined): Check {
  let payload: Buffer[] = [];
  let isMedia = false;
  const reader = new MatroskaStreamReader(
    {
      onHeader: () => undefined,
      onTags: () => undefined,
      onClusterStart: () => undefined,
      onClusterData: () => undefined,
      onClusterEnd: () => undefined,
      onBlockPayload: (chunk, start, end) => void payload.push(Buffer.from(chunk.subarray(start, end))),
      onBlock: () => {
        checkFrame(mark, Buffer.concat(payload));
        payload = [];
        onFrame();
      },
    },
    { concatenated: true },
  );
  return {
    begin: (status) => {
      isMedia = status === 200;
    },
    bytes: (bytes) => {
      if (isMedia) reader.feed(bytes);
    },
  };
}

function checkFrame(mark: number, frame: Buffer): void {
  const index = [5, 6, 7].reduce((sum, at, digit) => sum + (frame[at]! - 1) * 200 ** digit, 0);
  const head = frameOf(mark, index, HEAD_BYTES);
  head.writeUInt32BE(frame.length - 4);
  const rest = frame.subarray(HEAD_BYTES);
  if (head.equals(frame.subarray(0, HEAD_BYTES)) && run(byteOf(mark, index), rest.length).equals(rest)) return;
  const at = rest.findIndex((byte) => byte !== byteOf(mark, index));
  throw new Error(
    `a frame of stream ${mark} (${index}, ${frame.length} bytes) has ${frame.toString("hex", 0, 16)}, and ${rest[at]?.toString(16)} at ${at + HEAD_BYTES}`,
  );
}

/** Holds that an answer is a part of what is expected, which is known from a quiet time. Throws where it is not. */
export function exactCheck(what: string, expected: Buffer, status = 200, start = 0, end = expected.length): Check {
  let at = start;
  return {
    begin: (found, headers) => {
      if (found !== status) throw new Error(`${what}: ${found} ${headers.get("x-amzn-errortype")}`);
    },
    bytes: (bytes) => {
      const wanted = expected.subarray(at, at + bytes.length);
      if (!wanted.equals(bytes)) {
        const off = wanted.findIndex((byte, i) => byte !== bytes[i]);
        throw new Error(
          `${what}: from ${at + off} on ${bytes.toString("hex", off, off + 16)} and not ${wanted.toString("hex", off, off + 16)}`,
        );
      }
      at += bytes.length;
    },
    end: () => {
      if (at !== end) throw new Error(`${what}: ends at ${at}, not ${end}`);
    },
  };
}

/** The same of a stream that may be deleted meanwhile: a refusal is right too. */
export function deletableCheck(check: Check): Check {
  let isRefused = false;
  return {
    begin: (status, headers) => {
      isRefused = status >= 400 && status < 500;
      if (!isRefused) check.begin?.(status, headers);
    },
    bytes: (bytes) => {
      if (!isRefused) check.bytes(bytes);
    },
    end: () => {
      if (!isRefused) check.end?.();
    },
  };
}
