import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { type SessionRequest, sessionUrl } from "./session-url.ts";

const URL_OF_SESSION = "http://127.0.0.1/session";
/** Requests for a session that are refused before one is granted. */
let refusals = 0;
let refusal = "ResourceNotFoundException";
let asked = 0;

const server = createServer((request, response) => {
  if (request.url === "/getDataEndpoint") {
    response.end(JSON.stringify({ DataEndpoint: endpoint }));
    return;
  }
  asked++;
  if (refusals-- > 0)
    response.writeHead(refusal === "ResourceNotFoundException" ? 404 : 400, { "x-amzn-ErrorType": refusal });
  response.end(JSON.stringify({ HLSStreamingSessionURL: URL_OF_SESSION }));
}).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
after(() => server.close());

const live: SessionRequest = {
  connection: { endpoint, region: "us-east-1", credentials: { accessKeyId: "A", secretAccessKey: "B" } },
  stream: "porch",
  format: "hls",
  range: undefined,
  clock: "producer",
  expiresSeconds: 300,
};

test("the first fragment of what arrives is waited for", async () => {
  [refusals, asked] = [2, 0];
  assert.equal(await sessionUrl(live), URL_OF_SESSION);
  assert.equal(asked, 3);
});

test("why nothing can be played where nothing is kept is said at once", async () => {
  [refusals, asked, refusal] = [1, 0, "NoDataRetentionException"];
  await assert.rejects(sessionUrl(live), { name: "CliError", message: /^porch cannot be played: .* retention is 0 h/ });
  assert.equal(asked, 1);
});
