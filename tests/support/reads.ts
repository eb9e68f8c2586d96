import type { StartSelector } from "../../packages/server/src/domain/fragments/start-selector.ts";
import type { Stream } from "../../packages/server/src/domain/streams/stream.ts";
import { contentsOf, type InProcessOptions, InProcessServer, TestSession } from "./in-process.ts";
import { bodyHeader, fragment } from "./matroska-body.ts";

/** A fragment of a second. */
export const second = (timecode: number): Buffer => fragment(timecode, 5, 40, 1000);
/** Five fragments of a second each, from the moment 1000. */
export const FIVE = [1000, 2000, 3000, 4000, 5000];

/** A server with one stream, and a producer connected to it. */
export async function fixture(options: InProcessOptions = {}, retention = 24) {
  const server = new InProcessServer(options);
  const stream = await server.create("s", retention);
  return { server, stream, session: await TestSession.open(server, stream) };
}

/** A server whose stream has {@link FIVE}. */
export async function recorded(retention = 24) {
  const { server, stream, session } = await fixture({}, retention);
  const body = Buffer.concat([bodyHeader(), ...FIVE.map(second)]);
  const acks = await session.put(body);
  const numbers = acks
    .filter(({ EventType }) => EventType === "BUFFERING")
    .map(({ FragmentNumber }) => FragmentNumber!);
  return { server, stream, body, numbers };
}

/** Producer timecodes of the clusters of an answer. */
export const timecodes = (answer: Buffer): number[] =>
  contentsOf(answer).map(({ blocks }) => Number(blocks[0]!.split(":")[1]));

/** Value of one of KVS's tags among `name=value` pairs. */
export const tagIn = (pairs: readonly string[], name: string): string | undefined =>
  pairs.find((pair) => pair.startsWith(`AWS_KINESISVIDEO_${name}=`))?.split("=")[1];

/** A GetMedia in progress, read by hand. */
export class Reading {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #gone = new AbortController();
  bytes = Buffer.alloc(0);

  private constructor(chunks: AsyncIterable<Uint8Array>, gone: AbortController) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#gone = gone;
  }

  static async begin(server: InProcessServer, stream: Stream, selector: StartSelector): Promise<Reading> {
    const gone = new AbortController();
    return new Reading(await server.reader.read(stream, selector, gone.signal), gone);
  }

  /** Reads on until the bytes so far hold `count` whole blocks, or the answer ends. */
  async until(predicate: (bytes: Buffer) => boolean): Promise<Buffer> {
    while (!predicate(this.bytes)) {
      const { value, done } = await this.#chunks.next();
      if (done === true) break;
      this.bytes = Buffer.concat([this.bytes, value]);
    }
    return this.bytes;
  }

  toEnd(): Promise<Buffer> {
    return this.until(() => false);
  }

  async leave(): Promise<void> {
    this.#gone.abort();
    await this.#chunks.return?.();
  }
}
