import assert from "node:assert/strict";
import { test } from "node:test";
import { type Logger, pino } from "pino";
import { tellTo } from "./event-log.ts";

/** A log whose lines can be read. */
function readable(level: string): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const log = pino({ level, base: null, timestamp: false }, { write: (line: string) => void lines.push(line) });
  return { log, lines };
}

test("an event is a line with its name and fields", () => {
  const { log, lines } = readable("info");
  tellTo(log)("stream created", { stream: "gate", retentionHours: 24, remoteAddress: "::1" });
  assert.deepEqual(lines, [
    '{"level":30,"stream":"gate","retentionHours":24,"remoteAddress":"::1","msg":"stream created"}\n',
  ]);
});

test("the level of an event decides whether it is written", () => {
  const { log, lines } = readable("warn");
  tellTo(log)("stream deleted", { stream: "gate" });
  tellTo(log)("readers lost media", { stream: "gate", skips: 3 });
  assert.deepEqual(lines, ['{"level":40,"stream":"gate","skips":3,"msg":"readers lost media"}\n']);
});

test("a text that a client sent stays within its line, its length and printable ASCII", () => {
  const { log, lines } = readable("info");
  const hostile = 'x"}\n{"level":30,"msg":"ready"}\r\u001b[2J\u202e\u0085\u2028é';
  tellTo(log)("stream deleted", { stream: "gate", accessKeyId: hostile, requestId: "y".repeat(10_000) });
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^[\x20-\x7e]*\n$/);
  const { accessKeyId, requestId } = JSON.parse(lines[0]!) as Record<string, string>;
  assert.equal(accessKeyId, 'x"}?{"level":30,"msg":"ready"}??[2J????');
  assert.equal(requestId, "y".repeat(400));
});
