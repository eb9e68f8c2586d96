import type { FragmentClock } from "../../storage/ports/fragment-index.ts";
import { DomainError } from "../errors.ts";
import { decodePageToken, encodePageToken } from "../streams/page-token.ts";
import type { Stream } from "../streams/stream.ts";

/** How images are written. */
export interface ImageFormat {
  readonly type: "jpeg" | "png";
  /** 1 to 100; of JPEG only. */
  readonly quality: number;
  /** Pixels. With both the picture is stretched, with one it keeps its shape, with none its size. */
  readonly width: number | undefined;
  readonly height: number | undefined;
}

/** Which images of a stream: one each `intervalMs` in [from, to] on one of its clocks. */
export interface ImageRequest extends ImageFormat {
  readonly clock: FragmentClock;
  /** Milliseconds since the epoch. */
  readonly from: number;
  /** Milliseconds since the epoch. */
  readonly to: number;
  readonly intervalMs: number;
}

/** The longest range of one request, in milliseconds (AWS docs, "GetImages"). */
const MAX_RANGE_MS = 300_000;

const PAGE_TOKEN = "images";

/** Checks what no single member shows. Throws DomainError `invalid-argument`. */
export function checkRequest({ from, to }: ImageRequest): void {
  if (to < from) throw new DomainError("invalid-argument", "EndTimestamp must not be before StartTimestamp.");
  if (to - from > MAX_RANGE_MS) {
    throw new DomainError("invalid-argument", "EndTimestamp must be within 300 seconds of StartTimestamp.");
  }
}

/** The moments of at most `limit` images, the first of which has the given number; numbers count from 0. */
export function instantsOf({ from, to, intervalMs }: ImageRequest, first: number, limit: number): number[] {
  const instants: number[] = [];
  for (let at = from + first * intervalMs; at <= to && instants.length < limit; at += intervalMs) instants.push(at);
  return instants;
}

/** Whether a request has an image of this number. */
export const hasImage = ({ from, to, intervalMs }: ImageRequest, number: number): boolean =>
  from + number * intervalMs <= to;

function fieldsOf(stream: Stream, request: ImageRequest): (string | number)[] {
  const { clock, from, to, intervalMs, type, quality, width = 0, height = 0 } = request;
  return [stream.id, clock, from, to, intervalMs, type, quality, width, height];
}

/** A token for the images of a request from one on. */
export function writeImageToken(stream: Stream, request: ImageRequest, next: number): string {
  return encodePageToken(PAGE_TOKEN, [...fieldsOf(stream, request), next]);
}

/** The number of the image that a token continues with. Throws DomainError `invalid-argument` where it is not one of this request. */
export function readImageToken(stream: Stream, request: ImageRequest, token: string): number {
  const fields = fieldsOf(stream, request);
  const types = [...fields, 0].map((field) => (typeof field === "string" ? "string" : "number"));
  const read = decodePageToken(PAGE_TOKEN, token, types);
  const next = Number(read.pop());
  const isOurs = read.every((field, at) => field === fields[at]) && Number.isSafeInteger(next) && next >= 0;
  if (!isOurs) throw new DomainError("invalid-argument", "NextToken is not valid for this stream and selection.");
  return next;
}
