import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { WireRequest, WireResponse } from "../../aws/wire.ts";
import { PlaybackPage } from "./page.ts";

const page = new PlaybackPage();
const ask = (target: string, headers: Record<string, string> = {}, method = "GET") =>
  page.answer({ target, method, headers } as WireRequest);
const textOf = ({ body }: WireResponse): string => Buffer.from(body as Uint8Array).toString();

/** What the page and its scripts load: `src`, `href` and `import` of paths. */
function loadedBy(text: string, from: string): string[] {
  const names = [
    ...text.matchAll(/(?:src|href)="(?!data:)([^"]+)"|^import .* from "([^"]+)"|new URL\("([^"]+)", import/gm),
  ];
  return names.map((match) => new URL(match[1] ?? match[2] ?? match[3]!, `http://server${from}`).pathname);
}

test("the page and whatever it loads is served by the server, whole", async () => {
  const missing: string[] = [];
  const seen = new Set<string>();
  const next = ["/play"];
  for (let path = next.pop(); path !== undefined; path = next.pop()) {
    const answer = await ask(path);
    if (answer?.status !== 200) missing.push(path);
    else if (!seen.has(path) && !path.includes("/hls.")) next.push(...loadedBy(textOf(answer), path));
    seen.add(path);
  }
  assert.deepEqual(missing, []);
  assert.deepEqual([...seen].sort(), [
    "/play",
    "/play/hls.js",
    "/play/hls.worker.js",
    "/play/player.css",
    "/play/player.js",
    "/play/session-address.js",
  ]);
});

test("nothing in the page needs what its policy refuses", async () => {
  const answer = await ask("/play?from=a-link");
  const policy = answer!.headers["Content-Security-Policy"]!;
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|https?:/);
  assert.doesNotMatch(textOf(answer!), /<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=|https?:/);
});

test("a browser that asks for the server itself is led to the page, and clients of the API are not", async () => {
  const visit = await ask("/", { accept: "text/html,application/xhtml+xml,*/*;q=0.8" });
  assert.deepEqual([visit?.status, visit?.headers.Location], [302, "/play"]);
  assert.equal(ask("/", { accept: "*/*" }), undefined);
  assert.equal(ask("/"), undefined);
  assert.equal(ask("/", { accept: "text/html" }, "POST"), undefined);
});

test("a browser that has a file is told that it is the one", async () => {
  const first = await ask("/play/hls.js", { "accept-encoding": "gzip" });
  assert.equal(first!.headers["Content-Type"], "text/javascript; charset=utf-8");
  assert.match(gunzipSync(first!.body as Uint8Array).toString(), /MEDIA_ATTACHED/);
  const again = await ask("/play/hls.js", { "accept-encoding": "gzip", "if-none-match": first!.headers.ETag! });
  assert.equal(again!.status, 304);
});

test("other paths are another's, and nothing can be sent to the page", async () => {
  for (const target of ["/", "/playing", "/play/", "/play/page.ts", "/play/../page.ts", "/play/%2e%2e/page.ts"]) {
    assert.equal(ask(target), undefined, target);
  }
  const refused = await ask("/play", {}, "POST");
  assert.equal(refused!.status, 405);
  assert.equal(refused!.headers.Allow, "GET, HEAD");
});
