import { MatroskaDemuxer, type MatroskaHeader, type MatroskaPacket } from "@kvass/media";

/** Frames that have come together, with the header that they belong to. */
export interface FrameBatch {
  readonly header: MatroskaHeader;
  readonly packets: readonly MatroskaPacket[];
}

/**
 * The frames of a Matroska stream, as they come. Throws `MatroskaError`, also where the stream ends in the middle of an element unless
 * the signal has aborted: then it was cut on purpose.
 */
export async function* demux(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<FrameBatch, void> {
  let header: MatroskaHeader | undefined;
  let packets: MatroskaPacket[] = [];
  const demuxer = new MatroskaDemuxer({
    onHeader: (found) => {
      header = found;
    },
    onPacket: (packet) => packets.push(packet),
  });
  const take = (): FrameBatch[] => {
    if (header === undefined || packets.length === 0) return [];
    const batch = { header, packets };
    packets = [];
    return [batch];
  };
  for await (const chunk of chunks) {
    demuxer.feed(chunk);
    yield* take();
  }
  if (!signal.aborted) demuxer.end();
  yield* take();
}
