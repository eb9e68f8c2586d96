import { clusterStart, END_OF_FRAGMENT, simpleBlock } from "../../tests/support/matroska-body.ts";

/** One HTTP/1.1 chunk (RFC 9112, section 7.1) around the bytes. */
export const httpChunk = (...bytes: Uint8Array[]): Buffer =>
  Buffer.concat([
    Buffer.from(`${bytes.reduce((sum, part) => sum + part.length, 0).toString(16)}\r\n`, "latin1"),
    ...bytes,
    Buffer.from("\r\n", "latin1"),
  ]);

/** The chunk that ends a fragment. */
export const END_OF_FRAGMENT_CHUNK = httpChunk(END_OF_FRAGMENT);

/** The chunk that begins a fragment at `timecode` ms. */
export const clusterChunk = (timecode: number): Buffer => httpChunk(clusterStart(timecode));

/** Bytes before the payload of a NAL unit: its length, and its first byte. */
const NAL_LENGTH_BYTES = 4;
/** First byte of a NAL unit of a key frame, and of another one (ITU-T H.264, table 7-1). */
const IDR_SLICE = 0x65;
const OTHER_SLICE = 0x41;

/** A frame of H.264 as MP4 and Matroska hold it, by its outside: one NAL unit, whose slice nobody could decode. */
function frame(bytes: number, isKey: boolean, fill: number): Buffer {
  const data = Buffer.alloc(bytes, fill);
  data.writeUInt32BE(bytes - NAL_LENGTH_BYTES, 0);
  data.writeUInt8(isKey ? IDR_SLICE : OTHER_SLICE, NAL_LENGTH_BYTES);
  return data;
}

/** The chunks of a fragment's frames, made once and sent in every fragment: `count` frames of `bytes` over `duration` ms. */
export const frameChunks = (count: number, bytes: number, duration: number): Buffer[] =>
  Array.from({ length: count }, (_, index) => {
    const data = frame(bytes, index === 0, 1 + (index % 255));
    return httpChunk(simpleBlock(1, Math.round((index * duration) / count), index === 0, data));
  });
