import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { EncodedText, textAnswer } from "./answers.ts";

/** Texts that are compressed at once, and on other threads. */
const LENGTHS = [2000, 600_000];
const textOf = (bytes: number, first: string): string => first + "segment.mp4?n=91343\n".repeat(bytes / 20);
const ZIPPED = { "accept-encoding": "gzip" };

for (const bytes of LENGTHS) {
  test(`each form of ${bytes} bytes has a tag, the same of equal bytes and of no others`, async () => {
    const tagOf = async (text: string, headers: Record<string, string>): Promise<string> =>
      (await textAnswer({ headers }, new EncodedText(text), {})).headers.ETag!;
    const text = textOf(bytes, "#EXTM3U\n");
    const tags = await Promise.all(
      [text, textOf(bytes, "#EXTM3V\n")].flatMap((own) => [tagOf(own, {}), tagOf(own, ZIPPED)]),
    );
    assert.equal(new Set(tags).size, 4);
    assert.deepEqual(tags.slice(0, 2), [await tagOf(text, {}), await tagOf(text, ZIPPED)]);
  });

  test(`who has a form of ${bytes} bytes gets no other that has its tag`, async () => {
    const text = textOf(bytes, "#EXTM3U\n");
    const encoded = new EncodedText(text);
    const plain = await textAnswer({ headers: {} }, encoded, {});
    const zipped = await textAnswer({ headers: ZIPPED }, encoded, {});
    assert.equal(Buffer.from(plain.body as Uint8Array).toString(), text);
    assert.equal(gunzipSync(zipped.body as Uint8Array).toString(), text);
    const statusOf = async (tag: string, headers: Record<string, string>): Promise<number> =>
      (await textAnswer({ headers: { ...headers, "if-none-match": tag } }, encoded, {})).status;
    assert.equal(await statusOf(plain.headers.ETag!, {}), 304);
    assert.equal(await statusOf(zipped.headers.ETag!, ZIPPED), 304);
    assert.equal(await statusOf(zipped.headers.ETag!, {}), 200);
    assert.equal(await statusOf(plain.headers.ETag!, ZIPPED), 200);
  });
}
