/**
 * PutMedia bodies as producers make them, built element by element from RFC 9559 and independent of `@kvass/media`, so that a fault
 * there cannot hide itself in a test.
 */

/** One EBML element with a size of eight bytes, as the C producer library codes blocks. */
export function element(id: number, ...payload: Uint8Array[]): Buffer {
  const size = payload.reduce((sum, part) => sum + part.length, 0);
  const head = Buffer.alloc(idLength(id) + 8);
  head.writeUIntBE(id, 0, idLength(id));
  head.writeBigUInt64BE(BigInt(size) | (1n << 56n), idLength(id));
  return Buffer.concat([head, ...payload]);
}

const idLength = (id: number): number => (id > 0xffffff ? 4 : id > 0xffff ? 3 : id > 0xff ? 2 : 1);

/** Unsigned integer payload of eight bytes. */
export function uint(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

const text = (value: string): Buffer => Buffer.from(value, "utf8");

const EBML_HEADER = element(
  0x1a45dfa3,
  element(0x4286, uint(1)),
  element(0x42f7, uint(1)),
  element(0x42f2, uint(4)),
  element(0x42f3, uint(8)),
  element(0x4282, text("matroska")),
  element(0x4287, uint(2)),
  element(0x4285, uint(2)),
);

/** Baseline avcC of a 640x480 stream: enough for a player, never decoded by the tests that use it. */
const AVCC = Buffer.from("0142c01effe1000c6742c01ed900a03db016200401000468cb83cb", "hex");

const video = (number: number): Buffer =>
  element(
    0xae,
    element(0xd7, uint(number)),
    element(0x73c5, uint(number)),
    element(0x83, uint(1)),
    element(0x86, text("V_MPEG4/ISO/AVC")),
    element(0x536e, text("kinesis_video")),
    element(0x63a2, AVCC),
    element(0xe0, element(0xb0, uint(640)), element(0xba, uint(480))),
  );

/** EBML header, Segment of unknown size, Info (timecode scale 1 ms unless told) and Tracks with `tracks` video tracks, numbered from 1. */
export function bodyHeader(tracks = 1, timecodeScaleNs = 1_000_000): Buffer {
  return Buffer.concat([
    EBML_HEADER,
    Buffer.from("18538067ff", "hex"),
    element(
      0x1549a966,
      element(0x2ad7b1, uint(timecodeScaleNs)),
      element(0x4d80, text("kvass tests")),
      element(0x5741, text("kvass tests")),
    ),
    element(0x1654ae6b, ...Array.from({ length: tracks }, (_, index) => video(index + 1))),
  ]);
}

/** A track that is no video, number 2. */
function secondTrack(type: number, codec: string, ...rest: Buffer[]): Buffer {
  const numbers = [element(0xd7, uint(2)), element(0x73c5, uint(2))];
  return element(0xae, ...numbers, element(0x83, uint(type)), element(0x86, text(codec)), ...rest);
}

/** The same header for other tracks. */
function headerOf(...tracks: Buffer[]): Buffer {
  const oneTrack = bodyHeader();
  const replaced = element(0x1654ae6b, video(1));
  return Buffer.concat([oneTrack.subarray(0, oneTrack.length - replaced.length), element(0x1654ae6b, ...tracks)]);
}

const AAC = secondTrack(
  2,
  "A_AAC",
  element(0x63a2, Buffer.from("1190", "hex")),
  element(0xe1, element(0xb5, Buffer.from("40e7700000000000", "hex")), element(0x9f, uint(2))),
);

/** The same header for one H.264 track, number 1, and one AAC track, number 2. */
export const audioVideoHeader = (): Buffer => headerOf(video(1), AAC);

/** The same header for one AAC track, number 2. */
export const soundHeader = (): Buffer => headerOf(AAC);

/** The same header for one H.264 track, number 1, and one subtitle track, number 2. */
export const subtitledHeader = (): Buffer => headerOf(video(1), secondTrack(0x11, "S_TEXT/UTF8"));

/** A Cluster of known size that holds the given blocks. */
export const cluster = (timecode: number | bigint, ...blocks: Uint8Array[]): Buffer =>
  element(0x1f43b675, element(0xe7, uint(timecode)), ...blocks);

/** A frame of `size` bytes whose content depends on `seed`, wrapped as a SimpleBlock `offset` ms after its cluster. */
export function simpleBlock(track: number, offset: number, key: boolean, frame: Uint8Array): Buffer {
  const head = Buffer.from([0x80 | track, 0, 0, key ? 0x80 : 0]);
  head.writeInt16BE(offset, 1);
  return element(0xa3, head, frame);
}

/** Start of a Cluster of unknown size at `timecode` ms. */
export const clusterStart = (timecode: number): Buffer =>
  Buffer.concat([Buffer.from("1f43b675ff", "hex"), element(0xe7, uint(timecode))]);

/** `count` frames of `size` bytes each, spread over `duration` ms, behind a cluster start: one fragment of one track. */
export function fragment(
  timecode: number,
  count: number,
  size: number,
  duration: number,
  fill = timecode & 0xff,
): Buffer {
  const frames = Array.from({ length: count }, (_, index) =>
    simpleBlock(1, Math.floor((index * duration) / count), index === 0, Buffer.alloc(size, (fill + index) & 0xff)),
  );
  return Buffer.concat([clusterStart(timecode), ...frames]);
}

/** A Tags element of simple tags, as the producer SDKs put fragment metadata. */
export const tags = (pairs: Record<string, string>): Buffer =>
  element(
    0x1254c367,
    element(
      0x7373,
      ...Object.entries(pairs).map(([name, value]) =>
        element(0x67c8, element(0x45a3, text(name)), element(0x4487, text(value))),
      ),
    ),
  );

/** Tells the server that the fragment is complete before the next one begins (AWS docs, "PutMedia"). */
export const END_OF_FRAGMENT = tags({ AWS_KINESISVIDEO_END_OF_FRAGMENT: "" });
