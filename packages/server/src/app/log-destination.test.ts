import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { LogDestination } from "./log-destination.ts";

/** A file that has room for so many more bytes. */
class SmallFile {
  text = "";
  room = Number.POSITIVE_INFINITY;
  /** What it says where there is none. */
  code = "ENOSPC";
  tries = 0;

  readonly write = (bytes: Uint8Array): number => {
    this.tries++;
    if (this.room === 0) throw Object.assign(new Error(this.code), { code: this.code });
    const taken = bytes.subarray(0, this.room);
    this.text += Buffer.from(taken).toString();
    this.room -= taken.length;
    return taken.length;
  };

  lines(): Record<string, unknown>[] {
    const lines = this.text.trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

test("lines that find no room are lost, and counted once there is some", () => {
  const file = new SmallFile();
  const destination = new LogDestination(-1, file.write);
  destination.write('{"n":1}\n');
  file.room = 0;
  for (let n = 2; n <= 4; n++) destination.write(`{"n":${n}}\n`);
  file.room = Number.POSITIVE_INFINITY;
  destination.write('{"n":5}\n');
  destination.write('{"n":6}\n');
  const [first, loss, ...rest] = file.lines();
  assert.deepEqual([first, rest], [{ n: 1 }, [{ n: 5 }, { n: 6 }]]);
  assert.deepEqual([loss!.level, loss!.count, loss!.msg], [50, 3, "lines of the log were lost"]);
});

test("a line that was cut does not take the next one with it", () => {
  const file = new SmallFile();
  const destination = new LogDestination(-1, file.write);
  file.room = 4;
  destination.write('{"n":1}\n');
  file.room = Number.POSITIVE_INFINITY;
  destination.write('{"n":2}\n');
  const [cut, loss, next] = file.text.split("\n");
  assert.deepEqual([cut, next], ['{"n"', '{"n":2}']);
  assert.equal((JSON.parse(loss!) as Record<string, unknown>).count, 1);
});

test("a reader that is stuck is waited for once, and a slow one no longer than a second a minute", () => {
  const file = new SmallFile();
  let now = 0;
  const destination = new LogDestination(-1, file.write, () => now);
  const write = (room: number): number => {
    const { tries } = file;
    file.room = room;
    destination.write('{"n":1}\n');
    return file.tries - tries;
  };
  file.code = "EAGAIN";
  assert.equal(write(0), 101);
  assert.equal(write(0), 1);
  write(1000);
  assert.equal(file.lines().length, 2);
  assert.equal(write(0), 1, "though it has read since");
  write(1000);
  now += 60_000;
  assert.equal(write(0), 101);
});

test("a device that takes nothing is no error of who writes", { skip: process.platform !== "linux" }, () => {
  const fd = openSync("/dev/full", "w");
  const destination = new LogDestination(fd);
  destination.write('{"n":1}\n');
  destination.write('{"n":2}\n');
  closeSync(fd);
  destination.write('{"n":3}\n');
});
