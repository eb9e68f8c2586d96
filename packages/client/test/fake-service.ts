import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { MatroskaStreamReader } from "@kvass/media";
import type { Connection } from "../src/index.ts";

/** What a test decides about one PutMedia connection. */
export interface PutMediaCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Number of the connection, from 0. */
  readonly index: number;
}

const FIRST_NUMBER = 91343852333181432392682062683821642268295638377n;

/**
 * The few answers of Kinesis Video Streams that a client needs, on a loopback port, so that tests can make it fail in ways that a
 * real one does not on demand. It checks no signature.
 */
export class FakeService {
  readonly #server: Server;
  readonly url: string;
  retentionHours = 24;
  putMedia: (call: PutMediaCall) => void = ({ response }) => response.end();
  /** Status and body of the data-plane reads, by path. */
  answer: (path: string, body: string, response: ServerResponse) => void = (_path, _body, response) => response.end();
  connections = 0;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => this.#route(request, response));
  }

  static async start(): Promise<FakeService> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new FakeService(server);
  }

  get connection(): Connection {
    return {
      endpoint: this.url,
      region: "us-east-1",
      credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "x" },
    };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? "";
    if (path === "/putMedia") {
      this.putMedia({ request, response, index: this.connections++ });
      return;
    }
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      if (path === "/getDataEndpoint") response.end(JSON.stringify({ DataEndpoint: this.url }));
      else if (path === "/describeStream") response.end(JSON.stringify(this.#description));
      else this.answer(path, body, response);
    });
  }

  get #description(): object {
    return { StreamInfo: { StreamName: "porch", Status: "ACTIVE", DataRetentionInHours: this.retentionHours } };
  }
}

/** One acknowledgement in the wire's form. */
export function wireAck(type: string, timecode?: number, extra: Record<string, unknown> = {}): string {
  const number = timecode === undefined ? undefined : String(FIRST_NUMBER + BigInt(timecode));
  return `${JSON.stringify({ EventType: type, FragmentTimecode: timecode, FragmentNumber: number, ...extra })}\n`;
}

/** What a body held: fragments in the order of their ends. */
export interface SeenFragment {
  readonly timecode: number;
  readonly blocks: { readonly track: number; readonly timecode: number; readonly keyframe: boolean }[];
  readonly tags: string[];
}

/** Reads a PutMedia body as the service does: a fragment ends with its END_OF_FRAGMENT tag or the next Cluster. */
export function readBody(request: IncomingMessage, onFragment: (fragment: SeenFragment) => void): void {
  let current: SeenFragment | undefined;
  let tags: string[] = [];
  const finish = (): void => {
    const fragment = current;
    current = undefined;
    if (fragment !== undefined) onFragment(fragment);
  };
  const reader = new MatroskaStreamReader({
    onHeader: () => {},
    onTags: ({ simpleTags }) => {
      for (const { name } of simpleTags) {
        if (name === "AWS_KINESISVIDEO_END_OF_FRAGMENT") finish();
        else tags.push(name);
      }
    },
    onClusterStart: ({ timecode }) => {
      finish();
      current = { timecode, blocks: [], tags };
      tags = [];
    },
    onClusterData: () => {},
    onBlock: ({ trackNumber, timecode, keyframe }) => {
      current!.blocks.push({ track: trackNumber, timecode, keyframe });
    },
    onClusterEnd: () => {},
  });
  request.on("data", (chunk: Buffer) => reader.feed(chunk));
  request.on("end", finish);
}
