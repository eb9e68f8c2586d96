import type { MatroskaTrack } from "../src/index.ts";

/** Bytes of hexadecimal digits; spaces do not count. */
export function hex(digits: string): Uint8Array {
  const pairs = digits.replaceAll(" ", "").match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}

/** NAL units as a byte stream with start codes of 4 and 3 bytes in turn. */
export function annexB(...nals: Uint8Array[]): Uint8Array {
  return Uint8Array.from(nals.flatMap((nal, i) => [...(i % 2 === 0 ? [0, 0, 0, 1] : [0, 0, 1]), ...nal]));
}

/** NAL units with a length of so many bytes before each. */
export function lengthPrefixed(lengthBytes: number, ...nals: Uint8Array[]): Uint8Array {
  const length = (nal: Uint8Array): number[] =>
    Array.from({ length: lengthBytes }, (_, i) => Math.floor(nal.length / 256 ** (lengthBytes - 1 - i)) & 0xff);
  return Uint8Array.from(nals.flatMap((nal) => [...length(nal), ...nal]));
}

/** A track of this codec with nothing else stated. */
export function trackOf(codecId: string, stated: Partial<MatroskaTrack> = {}): MatroskaTrack {
  return {
    number: 1,
    uid: 1n,
    type: codecId.startsWith("A_") ? "audio" : "video",
    codecId,
    codecPrivate: undefined,
    name: undefined,
    language: "eng",
    defaultDurationNs: undefined,
    lacing: false,
    codecDelayNs: 0,
    seekPreRollNs: 0,
    video: undefined,
    audio: undefined,
    ...stated,
  };
}
