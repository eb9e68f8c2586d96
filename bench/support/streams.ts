import { once } from "node:events";
import { connect } from "node:net";
import type { PutMediaTarget } from "../../tests/support/put-media-socket.ts";
import { CREDENTIALS } from "../../tests/support/server.ts";
import { signedJsonRequest } from "../../tests/support/sign.ts";

/** Requests in flight: enough to keep the server busy, few enough to leave its accept queue alone. */
const AT_ONCE = 16;
const RETENTION_HOURS = 24;

/** `prefix-0` ... `prefix-(count - 1)`. */
export const streamNames = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

/** A PutMedia request for each of the streams, signed for the server of tests. */
export const targetsOf = (url: string, streams: readonly string[]): PutMediaTarget[] =>
  streams.map((stream) => ({ url, ...CREDENTIALS, stream }));

/** One signed JSON request on a connection of its own; resolves with the status code. */
export async function call(url: string, path: string, input: object): Promise<number> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  socket.write(signedJsonRequest({ url, path, ...CREDENTIALS }, input));
  try {
    const [data] = (await once(socket, "data")) as [Buffer];
    return Number(data.toString("latin1", 9, 12));
  } finally {
    socket.destroy();
  }
}

/** Creates streams that keep their media for a day. */
export async function createStreams(url: string, names: readonly string[]): Promise<void> {
  const waiting = [...names];
  const worker = async (): Promise<void> => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const status = await call(url, "/createStream", { StreamName: name, DataRetentionInHours: RETENTION_HOURS });
      if (status !== 200) throw new Error(`CreateStream of ${name} answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
