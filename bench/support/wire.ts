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

/** The chunks of a fragment's frames, made once and sent in every fragment: `count` frames of `bytes` over `duration` ms. */
export const frameChunks = (count: number, bytes: number, duration: number): Buffer[] =>
  Array.from({ length: count }, (_, index) =>
    httpChunk(
      simpleBlock(1, Math.round((index * duration) / count), index === 0, Buffer.alloc(bytes, 1 + (index % 255))),
    ),
  );
