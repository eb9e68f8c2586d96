import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { readWholeBody } from "./body.ts";

test("a body is read to its end, in one piece or many", async () => {
  assert.equal((await readWholeBody(Readable.from([Buffer.from("one")]))).toString(), "one");
  assert.equal((await readWholeBody(Readable.from([Buffer.from("a"), Buffer.from("b")]))).toString(), "ab");
  assert.equal((await readWholeBody(Readable.from([]))).length, 0);
});

test("a client that leaves, before or while its body is read, ends the wait", async () => {
  const left = new Readable({ read: () => undefined });
  left.destroy();
  await assert.rejects(readWholeBody(left), /went away/);
  const leaving = new Readable({ read: () => undefined });
  const body = readWholeBody(leaving);
  leaving.destroy();
  await assert.rejects(body, /went away/);
  const breaking = new Readable({ read: () => undefined });
  const broken = readWholeBody(breaking);
  breaking.destroy(new Error("reset"));
  await assert.rejects(broken, /reset/);
});
