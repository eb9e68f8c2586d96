import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FolderLock, FolderLocked } from "./folder-lock.ts";

const folder = mkdtempSync(join(tmpdir(), "kvass-lock-"));
after(() => rmSync(folder, { recursive: true }));

test("one holder at a time, within a process", () => {
  const path = join(folder, "within.db");
  const lock = new FolderLock(path);
  assert.throws(() => new FolderLock(path), FolderLocked);
  lock.release();
  new FolderLock(path).release();
});

test("the lock of a process that was killed is free", async () => {
  const path = join(folder, "between.db");
  const module = new URL("./folder-lock.ts", import.meta.url).href;
  const script = `const { FolderLock } = await import(${JSON.stringify(module)});
    globalThis.lock = new FolderLock(${JSON.stringify(path)}); console.log("held"); setInterval(() => undefined, 1000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(holder, "exit");
  try {
    await once(holder.stdout, "data");
    assert.throws(() => new FolderLock(path), FolderLocked);
  } finally {
    holder.kill("SIGKILL");
    await exited;
  }
  new FolderLock(path).release();
});

test("a lock needs no file beside its own, which a full disk would not take", () => {
  const alone = mkdtempSync(join(folder, "alone-"));
  const lock = new FolderLock(join(alone, "lock.db"));
  assert.deepEqual(readdirSync(alone), ["lock.db"]);
  lock.release();
});

test("a lock that cannot be had says where", () => {
  const path = join(folder, "missing", "lock.db");
  assert.throws(() => new FolderLock(path), {
    message: `${path} cannot be opened for writing: unable to open database file`,
  });
});
