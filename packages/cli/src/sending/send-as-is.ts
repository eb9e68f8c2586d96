import { type Ack, type Connection, putMedia } from "@kvass/client";

/** What to send unchanged. */
export interface SendAsIsOptions {
  readonly connection: Connection;
  readonly stream: string;
  /** Matroska bytes. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The producer timestamp of the file's time 0; milliseconds since the epoch. */
  readonly start: number;
  readonly onBytes: (bytes: number) => void;
  readonly onAck: (ack: Ack) => void;
}

/** Sends a Matroska stream byte for byte over one connection: its Clusters are the fragments. Rejects as `putMedia` does. */
export async function sendAsIs(options: SendAsIsOptions): Promise<void> {
  const { connection, stream, chunks, start, onBytes, onAck } = options;
  async function* counted(): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of chunks) {
      yield chunk;
      onBytes(chunk.length);
    }
  }
  const session = putMedia(
    { connection, stream: { streamName: stream }, timecodeType: "RELATIVE", producerStart: start },
    counted(),
  );
  for await (const ack of session.acks) onAck(ack);
  await session.done;
}
