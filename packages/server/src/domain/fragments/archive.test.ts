import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { InProcessServer, TestSession } from "../../../../../tests/support/in-process.ts";
import { bodyHeader, clusterStart, simpleBlock } from "../../../../../tests/support/matroska-body.ts";
import { RecordDamaged, RecordGone, type StoredPart } from "../../storage/ports/journal.ts";
import { FragmentArchive, FragmentGone, type StoredFragment } from "./archive.ts";

/** A fragment of 5 parts and its archive. */
async function fixture() {
  const server = new InProcessServer();
  const stream = await server.create("s");
  const session = await TestSession.open(server, stream);
  const frames = Array.from({ length: 45 }, (_, index) =>
    simpleBlock(1, index, index === 0, Buffer.alloc(100_000, index)),
  );
  const cluster = Buffer.concat([clusterStart(1000), ...frames]);
  await session.put(Buffer.concat([bodyHeader(), cluster]));
  const [row] = await server.index.after({ streamId: stream.id, horizon: 0 }, 0, 1);
  const archive = new FragmentArchive({ index: server.index, journal: server.journal, keys: server.keys });
  /** Lets a test change what the journal gives back. */
  const alter = (change: (part: StoredPart) => StoredPart | undefined): void => {
    const read = server.journal.read.bind(server.journal);
    server.journal.read = async function* (place) {
      for await (const part of read(place)) {
        const changed = change(part);
        if (changed !== undefined) yield changed;
      }
    };
  };
  return { server, stream, row: row!, archive, cluster, alter };
}

async function bodyOf(fragment: StoredFragment, from?: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const { bytes } of fragment.body(from)) chunks.push(bytes);
  return Buffer.concat(chunks);
}

test("a fragment of many parts is read whole, and from any byte on", async () => {
  const { server, stream, row, archive, cluster } = await fixture();
  assert.equal(row.extents.length / 2, 5);
  const fragment = await archive.open(stream, row);
  assert.deepEqual(await bodyOf(fragment), cluster);
  assert.equal(fragment.frames, 45);
  for (const offset of [1, 1_000_000, 3_333_333, cluster.length - 1]) {
    const again = await archive.open(stream, row);
    assert.deepEqual(await bodyOf(again, again.bodyStart + offset), cluster.subarray(offset));
  }
  await server.close();
});

test("a fragment that compaction moves while it is read is followed", async () => {
  const { server, stream, row, archive, cluster, alter } = await fixture();
  let moved = 0;
  alter((part) => {
    if (part.part === 2 && moved++ === 0) throw new RecordGone("moved");
    return part;
  });
  assert.deepEqual(await bodyOf(await archive.open(stream, row)), cluster);
  assert.equal(moved, 2);
  await server.close();
});

test("a fragment that expires while it is read is gone", async () => {
  const { server, stream, row, archive, alter } = await fixture();
  alter(() => {
    throw new RecordGone("unlinked");
  });
  await server.index.expire(stream.id, row.serverTimestamp + 1, 10);
  await assert.rejects(archive.open(stream, row), FragmentGone);
  await server.close();
});

const DAMAGES: [string, (part: StoredPart) => StoredPart | undefined][] = [
  ["a flipped bit", (part) => (part.part === 4 ? { ...part, ciphertext: flipped(part.ciphertext) } : part)],
  ["a missing part in the middle", (part) => (part.part === 3 ? undefined : part)],
  ["a missing last part", (part) => (part.part === 4 ? undefined : part)],
  ["a part in another's place", (part) => (part.part === 3 ? { ...part, part: 4 } : part)],
  ["a summary that was taken away", ({ summary: _, ...part }) => part],
];

function flipped(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  copy[7]! ^= 1;
  return copy;
}

for (const [what, change] of DAMAGES) {
  test(`${what} is detected, and nothing of it is given out`, async () => {
    const { server, stream, row, archive, cluster, alter } = await fixture();
    alter(change);
    const seen: Uint8Array[] = [];
    await assert.rejects(async () => {
      for await (const { bytes } of (await archive.open(stream, row)).body()) seen.push(bytes);
    }, RecordDamaged);
    const given = Buffer.concat(seen);
    assert.deepEqual(given, cluster.subarray(0, given.length));
    assert.ok(given.length < cluster.length);
    await server.close();
  });
}

test("at most four parts are read at once, whatever the number of readers", async () => {
  const { server, stream, row, archive } = await fixture();
  const read = server.journal.read.bind(server.journal);
  let inside = 0;
  let most = 0;
  server.journal.read = async function* (place) {
    for (const parts = read(place); ; ) {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
      const { value, done } = await parts.next();
      if (done === true) return;
      yield value;
    }
  };
  const bodies = await Promise.all(Array.from({ length: 12 }, async () => bodyOf(await archive.open(stream, row))));
  assert.equal(bodies.length, 12);
  assert.equal(most, 4);
  await server.close();
});

test("readers whose worker is lost over a part get the bytes all the same", async () => {
  const { server, stream, row, archive, cluster, alter } = await fixture();
  let last: StoredPart | undefined;
  let poisoned: StoredPart | undefined;
  alter((part) => {
    // The memory of a part goes to the worker, once there is one; nothing can be opened with such a nonce, so that it ends.
    const isOpenedThere = last?.ciphertext.length === 0;
    if (poisoned === undefined && isOpenedThere) poisoned = { ...part, nonce: new Uint8Array(0) };
    last = part;
    return poisoned?.ciphertext === part.ciphertext ? poisoned : part;
  });
  while (poisoned === undefined) {
    const bodies = Array.from({ length: 6 }, async () => bodyOf(await archive.open(stream, row)));
    for (const body of await Promise.all(bodies)) assert.deepEqual(body, cluster);
    await delay(5);
  }
  assert.equal(poisoned.ciphertext.length, 0, "it went to the worker");
  await archive.close();
  await server.close();
});
