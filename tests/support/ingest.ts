import { type InProcessOptions, InProcessServer, TestSession } from "./in-process.ts";
import { cluster, fragment, simpleBlock } from "./matroska-body.ts";

/** A fragment of a second whose end nothing tells: the next one begins, or the body says so. */
export const second = (timecode: number): Buffer => fragment(timecode, 5, 40, 1000);

/** One of a single frame, in a Cluster of known size. */
export const whole = (timecode: number): Buffer =>
  cluster(timecode, simpleBlock(1, 0, true, Buffer.alloc(50, timecode)));

export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A server with a stream, and a producer's session to it. */
export async function fixture(options: InProcessOptions = {}, retention = 24) {
  const server = new InProcessServer(options);
  const stream = await server.create("s", retention);
  const open = () => TestSession.open(server, stream);
  const rows = () => server.index.after({ streamId: stream.id, horizon: 0 }, 0, 1000);
  return { server, stream, open, rows, session: await open() };
}
