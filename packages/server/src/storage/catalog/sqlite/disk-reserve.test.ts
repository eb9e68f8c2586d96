import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Database } from "./database.ts";
import { DiskReserve, reserveBytesFor } from "./disk-reserve.ts";

const RESERVE_BYTES = 16 * 1024 * 1024;
const STAT_BLOCK_BYTES = 512;

const folder = mkdtempSync(join(tmpdir(), "kvass-reserve-"));
after(() => rmSync(folder, { recursive: true }));

test("a reserve takes its space for real, gives it free once, and takes it again", async () => {
  const path = join(folder, "reserve");
  const first = new DiskReserve(path);
  assert.equal(first.release(), false);
  assert.equal(await first.fill(), true);
  const { size, blocks, mode } = statSync(path);
  assert.equal(size, RESERVE_BYTES);
  assert.ok(blocks * STAT_BLOCK_BYTES >= RESERVE_BYTES, `${blocks} blocks`);
  assert.equal(mode & 0o777, 0o600);

  const second = new DiskReserve(path);
  assert.equal(second.release(), true);
  assert.ok(!existsSync(path));
  assert.equal(second.release(), false);
  assert.equal(await second.fill(), true);
  assert.equal(statSync(path).size, RESERVE_BYTES);
});

test("a reserve is a twentieth of a small volume, and one of another size is made anew", async () => {
  const mib = (bytes: number): number => bytes / 2 ** 20;
  const sizes = [1, 64, 200, 400, 1e6].map((volume) => mib(reserveBytesFor(volume * 2 ** 20)));
  assert.deepEqual(sizes, [1, 3, 10, 16, 16]);
  const path = join(folder, "resized");
  for (const bytes of [RESERVE_BYTES, reserveBytesFor(64 * 2 ** 20)]) {
    assert.equal(await new DiskReserve(path, bytes).fill(), true);
    assert.equal(statSync(path).size, bytes);
  }
});

test("a write that finds the disk full is done with the reserve's space, all of it once; the next one fails", async () => {
  const reserve = new DiskReserve(join(folder, "write"));
  await reserve.fill();
  const schema = "CREATE TABLE t (a)";
  const database = new Database(join(folder, "t.db"), { pragmas: [], schema, version: 1, reserve });
  const insert = database.prepare("INSERT INTO t VALUES (?)");
  const full = () => Object.assign(new Error("database or disk is full"), { errcode: 13 });
  const write = (failures: number) =>
    database.transaction(() => {
      insert.run(failures);
      if (failures-- > 0) throw full();
    });
  write(1);
  assert.equal(database.prepare("SELECT count(*) AS n FROM t").get()!.n, 1);
  assert.throws(() => write(1), { errcode: 13 });
  await reserve.fill();
  assert.throws(() => write(2), { errcode: 13 });
  assert.equal(database.prepare("SELECT count(*) AS n FROM t").get()!.n, 1);
  database.close();
});
