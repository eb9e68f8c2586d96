import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { bodyHeader, END_OF_FRAGMENT, fragment } from "../support/matroska-body.ts";
import { PutMediaSocket, type WireAck } from "../support/put-media-socket.ts";
import { CREDENTIALS, type TestServer } from "../support/server.ts";
import { signedJsonRequest } from "../support/sign.ts";

/** Opens a PutMedia; nothing of the body is sent yet. */
export const openPut = (server: TestServer, stream: string): PutMediaSocket =>
  new PutMediaSocket({ url: server.url, ...CREDENTIALS, stream });

/** What {@link sendFragments} sends: fragments of five frames and a tenth of a second each. */
export interface FragmentRun {
  readonly count: number;
  readonly frameBytes: number;
  /** Wait between two fragments, in milliseconds. */
  readonly everyMs?: number;
}

const FRAMES = 5;
const FRAGMENT_MS = 100;

/** Sends a header and fragments, each ended by its tag, as fast as the server takes them; resolves with their timecodes. */
export async function sendFragments(
  put: PutMediaSocket,
  { count, frameBytes, everyMs }: FragmentRun,
): Promise<number[]> {
  const start = Date.now();
  const timecodes = Array.from({ length: count }, (_, index) => start + index * FRAGMENT_MS);
  put.write(bodyHeader());
  for (const timecode of timecodes) {
    put.write(Buffer.concat([fragment(timecode, FRAMES, frameBytes, FRAGMENT_MS - 10), END_OF_FRAGMENT]));
    await put.drained();
    if (everyMs !== undefined) await delay(everyMs);
  }
  return timecodes;
}

/** Resolves when the fragment of that timecode is durable. */
export const persisted = (put: PutMediaSocket, timecode: number): Promise<WireAck> =>
  put.ack((ack) => ack.EventType === "PERSISTED" && ack.FragmentTimecode === timecode);

/** The producer's ERROR acknowledgement. */
export const failure = (put: PutMediaSocket): Promise<WireAck> => put.ack((ack) => ack.EventType === "ERROR");

/** Timecodes of the acknowledgements of one type, in order. */
export const timecodesOf = ({ acks }: PutMediaSocket, type: WireAck["EventType"]): number[] =>
  acks.filter(({ EventType }) => EventType === type).map(({ FragmentTimecode }) => FragmentTimecode!);

/** Sends a GetMedia; the socket is paused, so that nothing of the answer is read before somebody does. */
export function openGet(server: TestServer, stream: string, selector: "NOW" | "EARLIEST"): Socket {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => socket.destroy());
  socket.pause();
  const input = { StreamName: stream, StartSelector: { StartSelectorType: selector } };
  socket.write(signedJsonRequest({ url: server.url, path: "/getMedia", ...CREDENTIALS }, input));
  return socket;
}

/** Reads an answer's bytes, framing and all, until it ends as HTTP says or its connection does. */
export function answerOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (data: Buffer) => {
      text += data.toString("latin1");
      if (text.endsWith("\r\n0\r\n\r\n")) resolve(text);
    });
    socket.on("close", () => resolve(text));
  });
}

/** Most memory that the server's process has ever held, in bytes. */
export function peakMemory(server: TestServer): number {
  const status = readFileSync(`/proc/${server.process.pid}/status`, "utf8");
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)![1]) * 1024;
}
