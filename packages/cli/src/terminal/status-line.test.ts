import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import type { WriteStream } from "node:tty";
import { StatusLine } from "./status-line.ts";

test("a note and the end erase the line to its end, with what the terminal echoed behind it", () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
  const status = new StatusLine(() => "at work", { stream: terminal as unknown as WriteStream & { fd: 2 } });
  status.note("a note");
  assert.equal(terminal.read().toString(), "a note\n\rat work\x1b[K");
  status.stop();
  assert.equal(terminal.read().toString(), "\r\x1b[K");
});
