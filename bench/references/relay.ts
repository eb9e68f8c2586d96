/** The least that a live relay can do: the body of a POST goes to whoever reads the stream of that name by GET. Keeps nothing. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const readers = new Map<string, ServerResponse[]>();

function relay(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200);
  response.flushHeaders();
  if (request.method === "GET") {
    const name = request.url!.slice(1);
    readers.set(name, [...(readers.get(name) ?? []), response]);
    response.on("close", () => readers.delete(name));
    return;
  }
  const name = String(request.headers["x-amzn-stream-name"]);
  request.on("data", (chunk: Buffer) => {
    for (const reader of readers.get(name) ?? []) reader.write(chunk);
  });
  request.on("end", () => response.end());
}

const server = createServer(relay);
server.requestTimeout = 0;
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
