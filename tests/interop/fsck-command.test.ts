import assert from "node:assert/strict";
import { rmSync } from "node:fs";
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
  assert.match(
    await fsck(),
    /^record: segment 1 offset \d+ length \d+, porch, fragment 2 of 2026-01-01T00:00:0[0-3]\.\d{3}Z, arrived \S+Z: the checksum does not match\n/,
  );
});
