import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { kvass, makeRecording } from "../support/command-line.ts";
import { damageFragment } from "../support/damage.ts";
import { scratchFolders } from "../support/scratch.ts";
import { TestServer } from "../support/server.ts";

const newFolder = scratchFolders("fsck-command");

test("fsck says what it changed in the index, and names streams and times of what is damaged", async () => {
  const folder = newFolder();
  const data = join(folder, "data");
  const server = await TestServer.start({ data });
  await makeRecording(join(folder, "clip.mkv"));
  const put = ["put", "porch", join(folder, "clip.mkv"), "--create", "--start-timestamp", "2026-01-01T00:00:00Z"];
  assert.equal((await kvass([...put, "--data", data])).status, 0);
  await server.kill();
  const fsck = async () => (await kvass(["fsck", "--data", data])).stdout.toString().replaceAll(data, "DATA");
  const counts = /^DATA: 6 fragments in 1 segment, \S+ kB: no damage\n$/;

  const [changes, ...rest] = (await fsck()).split(/(?<=\n)/);
  assert.equal(
    changes,
    "DATA: not stopped in order, or copied while in use: 1 segment read through, and the index brought up to date, 6 fragments\n",
  );
  assert.match(rest.join(""), counts);
  assert.match(await fsck(), counts);

  rmSync(join(data, "index.db"));
  assert.match(
    await fsck(),
    /^DATA: the index was made anew from the journal, 6 fragments: there was none, or one of another format\nDATA: [^\n]*\n$/,
  );

  damageFragment(data, 1, 1);
  const again = await TestServer.start({ data });
  const got = await kvass(["get", "porch", "-o", join(folder, "got.mkv"), "--data", data]);
  await again.stop();
  assert.equal(got.status, 1);
  assert.match(
    got.stderr,
    /got\.mkv: 5 fragments, [^\n]*\nkvass: porch: 1 fragment cannot be read and is left out, that of 2026-01-01T00:00:0[0-3]\.\d{3}Z; [^\n]*\n$/,
  );
  const config = join(folder, "kvass.json");
  writeFileSync(config, JSON.stringify({ data }));
  const { status, stdout } = await kvass(["fsck", "--config", config]);
  assert.equal(status, 1);
  const [damage, journal, index, total, ...others] = stdout.toString().replaceAll(data, "DATA").split("\n");
  assert.match(
    damage!,
    /^record: segment 1 offset \d+ length \d+, porch, fragment 2 of 2026-01-01T00:00:0[0-3]\.\d{3}Z, arrived \S+Z: the checksum does not match$/,
  );
  assert.match(journal!, /^next: the journal: what is damaged there is lost, unless the folder comes from a backup /);
  assert.match(index!, /^next: the index: kvass fsck --data DATA --rebuild-index makes it agree with the journal/);
  assert.match(
    total!,
    /^DATA: 5 whole fragments in 1 segment, \S+ kB: 1 damage; 1 fragment of the index cannot be read$/,
  );
  assert.deepEqual(others, [""]);
  const rebuilt = await kvass(["fsck", "--data", data, "--rebuild-index"]);
  assert.equal(rebuilt.status, 1);
  assert.match(
    rebuilt.stdout.toString().replaceAll(data, "DATA"),
    /^DATA: the index was made anew [^\n]*\nrecord: [^\n]*\nnext: the journal: [^\n]*\nDATA: 5 whole fragments [^\n;]*: 1 damage\n$/,
  );
});
