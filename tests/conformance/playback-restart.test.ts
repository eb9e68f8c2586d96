/** A session outlives the process that began it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CreateStreamCommand, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { makeMedia, pictureAndTone, putMedia } from "../support/media.ts";
import { TestServer } from "../support/server.ts";
import { mediaPlaylistOf, Player, textAt, textOnce, urisIn } from "./support/playback.ts";

const data = mkdtempSync(join(tmpdir(), "kvass-restart-"));
after(() => rmSync(data, { recursive: true, force: true }));

test("after a crash a session's URLs answer with the same bytes, and its numbers go on", async () => {
  const media = await makeMedia(pictureAndTone(3));
  const first = await TestServer.start({ data });
  const client = new KinesisVideoClient({ ...first.client, maxAttempts: 1 });
  await client.send(new CreateStreamCommand({ StreamName: "live", DataRetentionInHours: 1 }));
  client.destroy();
  await putMedia(first.url, "live", media, Date.now() - 5000);
  const selector = { FragmentSelectorType: "PRODUCER_TIMESTAMP" } as const;
  const session = await new Player(first).hls({ StreamName: "live", HLSFragmentSelector: selector });
  const playlist = mediaPlaylistOf(session);
  const numbers = await putMedia(first.url, "live", media, Date.now() - 1000);
  const before = await textOnce(playlist, (text) => text.includes(numbers.at(-1)!));
  const bytesBefore = await everyByte(before, playlist);
  assert.equal(statSync(join(data, "playback-key")).mode & 0o777, 0o600);
  await first.kill();
  const second = await TestServer.start({ data });
  try {
    const moved = new URL(playlist.href.replace(first.url, second.url));
    assert.equal(await textAt(moved), before);
    assert.deepEqual(await everyByte(before, moved), bytesBefore);
  } finally {
    await second.stop();
  }
});

async function everyByte(playlist: string, base: URL): Promise<Buffer[]> {
  const bytes: Buffer[] = [];
  for (const uri of urisIn(playlist, base)) {
    const response = await fetch(uri);
    assert.equal(response.status, 200);
    bytes.push(Buffer.from(await response.arrayBuffer()));
  }
  return bytes;
}
