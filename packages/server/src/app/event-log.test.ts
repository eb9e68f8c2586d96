import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Logger, pino } from "pino";
import { EventLog, RULES } from "./event-log.ts";

/** A log whose lines can be read. */
function readable(level: string): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const log = pino({ level, base: null, timestamp: false }, { write: (line: string) => void lines.push(line) });
  return { log, lines };
}

test("an event is a line with its name and fields", () => {
  const { log, lines } = readable("info");
  new EventLog(log).tell("stream created", { stream: "gate", retentionHours: 24, remoteAddress: "::1" });
  assert.deepEqual(lines, [
    '{"level":30,"stream":"gate","retentionHours":24,"remoteAddress":"::1","msg":"stream created"}\n',
  ]);
});

test("the level of an event decides whether it is written", () => {
  const { log, lines } = readable("warn");
  new EventLog(log).tell("stream deleted", { stream: "gate" });
  new EventLog(log).tell("readers lost media", { stream: "gate", skips: 3 });
  assert.deepEqual(lines, ['{"level":40,"stream":"gate","skips":3,"msg":"readers lost media"}\n']);
});

test("a text that a client sent stays within its line, its length and printable ASCII", () => {
  const { log, lines } = readable("info");
  const hostile = 'x"}\n{"level":30,"msg":"ready"}\r\u001b[2J\u202e\u0085\u2028é';
  new EventLog(log).tell("stream deleted", { stream: "gate", accessKeyId: hostile, requestId: "y".repeat(10_000) });
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^[\x20-\x7e]*\n$/);
  const { accessKeyId, requestId } = JSON.parse(lines[0]!) as Record<string, string>;
  assert.equal(accessKeyId, 'x"}?{"level":30,"msg":"ready"}??[2J????');
  assert.equal(requestId, "y".repeat(400));
});

const REFUSAL = {
  requestId: "id",
  reason: "unknown access key",
  accessKeyId: "AKIAKEY",
  remoteAddress: "192.0.2.7",
  service: "kinesis-video",
  operation: "ListStreams",
} as const;

test("of refused requests the first of each kind is told at once, and once a minute how many more there were", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { log, lines } = readable("info");
  const events = new EventLog(log);
  const told = (): Record<string, unknown>[] =>
    lines.splice(0).map((line) => JSON.parse(line) as Record<string, unknown>);
  for (let i = 0; i < 1000; i++) events.refused({ ...REFUSAL, requestId: `id-${i}` });
  events.refused({ ...REFUSAL, remoteAddress: "192.0.2.8" });
  events.refused({ ...REFUSAL, reason: "expired" });
  const line = { level: 40, ...REFUSAL, msg: "request refused" };
  assert.deepEqual(told(), [
    { ...line, requestId: "id-0" },
    { ...line, remoteAddress: "192.0.2.8" },
    { ...line, reason: "expired" },
  ]);
  t.mock.timers.tick(60_000);
  const [more, ...others] = told();
  assert.deepEqual([more!.count, more!.requestId, others], [999, "id-999", []]);
  t.mock.timers.tick(60_000);
  assert.deepEqual(told(), []);
  events.refused(REFUSAL);
  assert.deepEqual(told(), [line]);
});

test("refused requests of ever new kinds take a bounded number of lines, and are counted", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { log, lines } = readable("info");
  const events = new EventLog(log);
  for (let i = 0; i < 20_000; i++) events.refused({ ...REFUSAL, accessKeyId: `AKIA${i}` });
  assert.equal(lines.length, 100);
  events.close();
  assert.equal(lines.length, 101);
  const { count, accessKeyId, msg } = JSON.parse(lines.at(-1)!) as Record<string, unknown>;
  assert.deepEqual([count, accessKeyId, msg], [19_900, undefined, "request refused"]);
});

test("a producer that comes back all the time takes twenty lines, and those of other streams all of theirs", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { log, lines } = readable("info");
  const { tell } = new EventLog(log);
  const outcome = { reason: "idle", fragments: 0, persisted: 0, bytes: 0, seconds: 7 } as const;
  for (let i = 0; i < 1000; i++) tell("producer ended", { stream: "broken", ...outcome });
  for (let i = 0; i < 1000; i++) tell("producer ended", { stream: `stream-${i}`, ...outcome });
  assert.equal(lines.splice(0).length, 20 + 1000);
  t.mock.timers.tick(60_000);
  assert.equal(lines.length, 1);
  const { stream, count, seconds } = JSON.parse(lines[0]!) as Record<string, unknown>;
  assert.deepEqual([stream, count, seconds], ["broken", 980, 7]);
});

test("a failure that everybody meets is told once, with its cause, and counted", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { log, lines } = readable("error");
  const { report } = new EventLog(log);
  for (let i = 0; i < 1000; i++) report(new Error("the device failed", { cause: new Error("EIO") }));
  report(new TypeError("the device failed"));
  assert.equal(lines.length, 2);
  assert.match(lines[0]!, /"level":50,.*"message":"the device failed: EIO".*"msg":"failure"/);
  t.mock.timers.tick(60_000);
  assert.equal((JSON.parse(lines[2]!) as Record<string, unknown>).count, 999);
});

test("what fails for everybody who asks is told with some requests' ids, and counted by operation", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { log, lines } = readable("warn");
  const events = new EventLog(log);
  for (let i = 0; i < 1000; i++) {
    events.failed(new Error("EIO"), { requestId: `id-${i}`, operation: "playback" });
    events.cut(new Error("EIO"), `cut-${i}`);
  }
  events.failed(new Error("EIO"), { requestId: "clip", operation: "GetClip" });
  assert.equal(lines.length, 20 + 20 + 1);
  const { err: _err, ...fields } = JSON.parse(lines.at(-1)!) as Record<string, unknown>;
  assert.deepEqual(fields, { level: 50, requestId: "clip", operation: "GetClip", msg: "internal failure" });
  lines.length = 0;
  t.mock.timers.tick(60_000);
  const counted = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    counted.map(({ msg, requestId, count }) => [msg, requestId, count]),
    [
      ["internal failure", "id-999", 980],
      ["answer cut", "cut-999", 980],
    ],
  );
});

test("a secret key that was given as the access key's id is not written", () => {
  const { log, lines } = readable("info");
  new EventLog(log).refused({ ...REFUSAL, accessKeyId: "wJalrXUtnFEMIxK7MDENGxbPxRfiCYEXAMPLEKEY" });
  assert.equal((JSON.parse(lines[0]!) as Record<string, unknown>).accessKeyId, "wJal...");
});

test("the reference page has each event with its level, and no other", () => {
  const page = readFileSync(new URL("../../../../docs/reference/log.md", import.meta.url), "utf8");
  const [, table] = /^## What happens\n(.*?)^Why a producer/ms.exec(page)!;
  const rows = [...table!.matchAll(/^\| (.*?) \| (debug|info|warn) \|/gm)].map(([, name, level]) => [name!, level!]);
  const levels = Object.entries(RULES).map(([name, { level }]) => [name, level]);
  assert.deepEqual(Object.fromEntries(rows), Object.fromEntries(levels));
});
