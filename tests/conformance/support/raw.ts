import { CREDENTIALS, type TestServer } from "../../support/server.ts";
import { signedLines } from "../../support/sign.ts";

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A signed POST whose body no SDK has shaped. */
export async function post(server: TestServer, path: string, body: string): Promise<RawAnswer> {
  const lines = signedLines({
    ...CREDENTIALS,
    url: server.url,
    path,
    headers: { "content-type": "application/json" },
    body,
  });
  const headers = lines.map((line) => line.split(/: (.*)/s, 2) as [string, string]).filter(([name]) => name !== "host");
  return send(server, path, { method: "POST", body, headers });
}

/** Any request, unsigned. */
export async function send(server: TestServer, path: string, init: RequestInit): Promise<RawAnswer> {
  const response = await fetch(server.url + path, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}
