/**
 * The least that a durable sink for producers can do: takes request bodies over bare `node:http`, appends each to a file of its own
 * and syncs the file's data after every MiB, receiving the next MiB meanwhile. Answers the body's end with a line that names PERSISTED.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SYNC_BYTES = 2 ** 20;
/** One MiB is written while the next comes in; the socket waits beyond that. */
const MAX_WRITING = 2;

const folder = mkdtempSync(join(tmpdir(), "kvass-bench-sink-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("SIGTERM", () => process.exit(0));
let files = 0;

async function store(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.writeHead(200);
  response.flushHeaders();
  const path = join(folder, `${files++}.bin`);
  const file = await open(path, "w");
  let parts: Buffer[] = [];
  let size = 0;
  let writing = 0;
  let written = Promise.resolve();
  const flush = (): void => {
    const batch = parts;
    parts = [];
    size = 0;
    if (++writing >= MAX_WRITING) request.pause();
    written = written.then(async () => {
      await file.writev(batch);
      await file.datasync();
      writing--;
      request.resume();
    });
  };
  request.on("data", (chunk: Buffer) => {
    parts.push(chunk);
    size += chunk.length;
    if (size >= SYNC_BYTES) flush();
  });
  request.on("end", async () => {
    if (size > 0) flush();
    await written;
    response.end('{"EventType":"PERSISTED"}\n');
    await file.close();
    rmSync(path);
  });
}

const server = createServer((request, response) => void store(request, response));
server.requestTimeout = 0;
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
