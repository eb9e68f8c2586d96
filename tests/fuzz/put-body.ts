import { type Agent, request } from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import { signedHeaders, type WireAck } from "../support/put-media-socket.ts";
import { CREDENTIALS } from "../support/server.ts";

/** A body of the corpus ends in milliseconds; an exchange that takes this long hangs. */
const HANGS_AFTER_MS = 60_000;

/** What a PutMedia request came to. */
export interface PutOutcome {
  readonly status: number;
  readonly acks: readonly WireAck[];
}

export interface PutBody {
  readonly url: string;
  readonly stream: string;
  readonly agent: Agent;
  /** The body in the pieces in which it is sent; between two of them the event loop turns. */
  readonly pieces: readonly Uint8Array[];
}

function headersOf(url: string, stream: string): Record<string, string> {
  const lines = signedHeaders({ url, ...CREDENTIALS, stream });
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
}

/**
 * One PutMedia request to its end. The connection is used again only after a session that had no error: where the server ends one
 * early, it closes the connection (as it must, the rest of the body being unread).
 */
export function putBody({ url, stream, agent, pieces }: PutBody): Promise<PutOutcome> {
  const put = request(`${url}/putMedia`, { method: "POST", agent, headers: headersOf(url, stream) });
  put.setNoDelay(true);
  return new Promise((resolve, reject) => {
    const hangs = setTimeout(() => put.destroy(new Error(`${stream}: no end of the answer`)), HANGS_AFTER_MS);
    let answered = false;
    put.on("error", (error) => {
      clearTimeout(hangs);
      if (!answered) reject(error);
    });
    put.on("response", (response) => {
      const { socket } = response;
      let text = "";
      response.setEncoding("latin1").on("data", (data: string) => {
        text += data;
      });
      response.on("error", reject);
      response.on("end", () => {
        clearTimeout(hangs);
        answered = true;
        const acks = text
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line) as WireAck);
        if (acks.at(-1)?.EventType === "ERROR") socket.destroy();
        resolve({ status: response.statusCode!, acks });
      });
    });
    void (async () => {
      for (const piece of pieces) {
        if (answered || put.destroyed) return;
        put.write(piece);
        await turn();
      }
      put.end();
    })();
  });
}
