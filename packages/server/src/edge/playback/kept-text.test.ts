import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { SharedCache } from "../../domain/playback/shared-cache.ts";
import { textGzip } from "./answers.ts";
import { KeptText } from "./kept-text.ts";

const LONG = Buffer.from("segment.mp4?FragmentNumber=91343852333181432392682062607786\n".repeat(20_000));
/** Memory of its own, with some to spare, as a writer has it. */
const written = (): Uint8Array => {
  const text = new Uint8Array(new ArrayBuffer(LONG.length + 100), 0, LONG.length);
  text.set(LONG);
  return text;
};

/** A cache that keeps two texts at a time. */
const cacheOfTwo = (): SharedCache<KeptText> => new SharedCache<KeptText>(LONG.length * 3);
const never = (): Promise<never> => Promise.reject(new Error("not kept"));

async function turns(): Promise<void> {
  for (let count = 0; count < 4; count++) await turn();
}

test("a long text is there, compressed or not, for as long as somebody reads it, and then its memory goes back", async () => {
  const cache = cacheOfTwo();
  const first = await cache.get("a", async () => {
    const text = written();
    return new KeptText(text, textGzip().finish(text));
  });
  const zipped = (await first.zipped())!;
  assert.equal(await cache.get("a", never), first);
  first.memory?.letGo();
  for (const key of ["b", "c"]) (await cache.get(key, async () => new KeptText(written()))).memory?.letGo();
  await turns();
  assert.equal(cache.has("a"), false);
  assert.ok(LONG.equals(first.text));
  assert.ok(LONG.equals(gunzipSync(zipped.body)));
  first.memory?.letGo();
  await turns();
  assert.equal(first.text.length, 0);
  assert.equal(zipped.body.length, 0);
});

test("what is being compressed stays until that is done, whoever let go before", async () => {
  const cache = cacheOfTwo();
  const text = await cache.get("a", async () => new KeptText(written()));
  const zipping = text.zipped()!;
  const unzipped = zipping.then((zipped) => gunzipSync(zipped.body));
  text.memory?.letGo();
  cache.forget("a");
  assert.ok(LONG.equals(await unzipped));
  await turns();
  assert.equal(text.text.length, 0);
  assert.equal((await zipping).body.length, 0);
});

test("short texts are left to the garbage collector: their memory may be shared with others", async () => {
  const cache = cacheOfTwo();
  const text = await cache.get("a", async () => new KeptText("#EXTM3U\n".repeat(1000)));
  assert.equal(text.memory, undefined);
  cache.forget("a");
  await turns();
  assert.equal(text.text.length, 8000);
});
