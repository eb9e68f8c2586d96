import assert from "node:assert/strict";
import { test } from "node:test";
import { blocksOf, contentsOf } from "../../../../../tests/support/in-process.ts";
import { bodyHeader, END_OF_FRAGMENT, tags } from "../../../../../tests/support/matroska-body.ts";
import { FIVE, fixture, Reading, recorded, second, tagIn, timecodes } from "../../../../../tests/support/reads.ts";
import type { StartSelector } from "./start-selector.ts";

for (const retention of [24, 0]) {
  const where = retention === 0 ? "of a stream without retention" : "of an archive";
  test(`each chunk ${where} is a file of its own: the producer's blocks, KVS's tags in their places`, async () => {
    const { server, stream, body, numbers } = await recorded(retention);
    const files = contentsOf(await server.read(stream));
    assert.deepEqual(
      files.flatMap(({ blocks }) => blocks),
      blocksOf(body),
    );
    for (const [place, file] of files.entries()) {
      assert.equal(file.clusters, 1);
      assert.equal(tagIn(file.tagsBefore, "FRAGMENT_NUMBER"), numbers[place]);
      assert.equal(tagIn(file.tagsBefore, "PRODUCER_TIMESTAMP"), `${place + 1}.000`);
      assert.match(tagIn(file.tagsBefore, "SERVER_TIMESTAMP")!, /^\d{10}\.\d{3}$/);
      assert.match(tagIn(file.tagsAfter, "MILLIS_BEHIND_NOW")!, /^\d+$/);
      assert.equal(tagIn(file.tagsAfter, "CONTINUATION_TOKEN"), numbers[place]);
    }
    assert.equal(tagIn(files.at(-1)!.tagsAfter, "MILLIS_BEHIND_NOW"), "0");
    await server.close();
  });

  const SELECTORS: [string, (numbers: string[]) => StartSelector, number[]][] = [
    ["the oldest fragment", () => ({ type: "earliest" }), FIVE],
    ["behind a fragment", (numbers) => ({ type: "after", number: numbers[2]! }), [4000, 5000]],
    ["behind the last fragment", (numbers) => ({ type: "after", number: numbers[4]! }), []],
    ["within a fragment", () => ({ type: "producerTimestamp", time: 2500 }), [2000, 3000, 4000, 5000]],
    ["where a fragment begins", () => ({ type: "producerTimestamp", time: 3000 }), [3000, 4000, 5000]],
    ["before all fragments", () => ({ type: "producerTimestamp", time: 0 }), FIVE],
    ["behind all fragments", () => ({ type: "producerTimestamp", time: 6001 }), []],
    ["a moment of the server's clock long ago", () => ({ type: "serverTimestamp", time: 1 }), FIVE],
    ["now, with nothing in progress", () => ({ type: "now" }), []],
  ];
  for (const [what, selector, expected] of SELECTORS) {
    test(`a read ${where} begins with ${what}`, async () => {
      const { server, stream, numbers } = await recorded(retention);
      assert.deepEqual(timecodes(await server.read(stream, selector(numbers))), expected);
      await server.close();
    });
  }

  test(`a read ${where} behind an unknown fragment answers with error 4000`, async () => {
    const { server, stream, numbers } = await recorded(retention);
    const altered = (BigInt(numbers[2]!) ^ 1n).toString();
    for (const number of [altered, "7", "9".repeat(47)]) {
      const [file, ...more] = contentsOf(await server.read(stream, { type: "after", number }));
      assert.equal(more.length, 0);
      assert.equal(tagIn(file!.tagsBefore, "FRAGMENT_NUMBER"), number);
      assert.equal(tagIn(file!.tagsBefore, "ERROR_ID"), "4000");
      assert.equal(tagIn(file!.tagsBefore, "SERVER_TIMESTAMP"), undefined);
    }
    await server.close();
  });
}

test("of fragments that came in one millisecond only the newest is told to be the tip", async () => {
  const { server, stream, session } = await fixture({ now: () => 1_795_000_000_000 });
  await session.put(Buffer.concat([bodyHeader(), ...FIVE.map((timecode) => second(timecode))]));
  const files = contentsOf(await server.read(stream));
  const behind = files.map(({ tagsAfter }) => tagIn(tagsAfter, "MILLIS_BEHIND_NOW"));
  assert.deepEqual(behind, ["1", "1", "1", "1", "0"]);
  await server.close();
});

test("a read from a moment on the server's clock begins with the fragment received then", async () => {
  const clock = { time: 1_795_000_000_000 };
  const { server, stream, session } = await fixture({ now: () => clock.time });
  await session.send(bodyHeader());
  for (const timecode of FIVE) {
    await session.send(Buffer.concat([second(timecode), END_OF_FRAGMENT]));
    await session.ack("PERSISTED", timecode);
    clock.time += 1000;
  }
  session.session.end();
  const start = (time: number): StartSelector => ({ type: "serverTimestamp", time });
  assert.deepEqual(timecodes(await server.read(stream, start(1_795_000_002_000))), [3000, 4000, 5000]);
  assert.deepEqual(timecodes(await server.read(stream, start(1_795_000_002_700))), [3000, 4000, 5000]);
  await server.close();
});

test("tags stay with their fragment, signals and names that belong to KVS do not come back", async () => {
  const { server, stream, session } = await fixture();
  const spoof = tags({ AWS_KINESISVIDEO_FRAGMENT_NUMBER: "1", camera: "front" });
  await session.put(
    Buffer.concat([
      bodyHeader(),
      tags({ header: "yes" }),
      second(1000),
      tags({ behind: "first" }),
      spoof,
      tags({ AWS_KINESISVIDEO_IMAGE_GENERATION: "" }),
      END_OF_FRAGMENT,
      tags({ before: "second" }),
      second(2000),
      tags({ AWS_KINESISVIDEO_CONTINUATION_TOKEN: "1" }),
    ]),
  );
  const [first, other] = contentsOf(await server.read(stream)).map(({ tagsBefore, tagsAfter }) =>
    [tagsBefore, tagsAfter].map((pairs) => pairs.map((pair) => pair.replace(/^AWS_KINESISVIDEO_(\w+)=\d.*/, "$1"))),
  );
  const numbered = ["FRAGMENT_NUMBER", "SERVER_TIMESTAMP", "PRODUCER_TIMESTAMP"];
  const tail = ["MILLIS_BEHIND_NOW", "CONTINUATION_TOKEN"];
  assert.deepEqual(first, [
    ["header=yes", ...numbered],
    ["behind=first", "camera=front", "AWS_KINESISVIDEO_IMAGE_GENERATION=", ...tail],
  ]);
  assert.deepEqual(other, [["before=second", ...numbered], tail]);
  await server.close();
});

test("damaged bytes are never served: error 5000, then the end", async () => {
  const { server, stream } = await recorded();
  const read = server.journal.read.bind(server.journal);
  server.journal.read = async function* (row) {
    for await (const part of read(row)) {
      if (row.sequence === 3) part.ciphertext[500]! ^= 1;
      yield part;
    }
  };
  const files = contentsOf(await server.read(stream));
  assert.deepEqual(
    files.map(({ blocks }) => blocks.length),
    [5, 5, 0],
  );
  assert.equal(tagIn(files[2]!.tagsBefore, "ERROR_ID"), "5000");
  assert.equal(server.errors.length, 1);
  await server.close();
});

test("a reader ends when its stream is deleted", async () => {
  const { server, stream, session } = await fixture({ readers: { firstIdleMs: 60_000, idleMs: 60_000 } });
  await session.send(Buffer.concat([bodyHeader(), second(1000)]));
  const reading = await Reading.begin(server, stream, { type: "now" });
  await reading.until((bytes) => bytes.length > 100);
  await server.streams.delete(stream.arn);
  const [file] = contentsOf(await reading.toEnd());
  assert.equal(file!.blocks.length, 5);
  assert.equal(server.live.memory.used, 0);
  await server.close();
});

test("readers above the limit are refused, and make room when they end or leave", async () => {
  const { server, stream, session } = await fixture({ readers: { maxReaders: 1, firstIdleMs: 60_000 } });
  const neverRead = await Reading.begin(server, stream, { type: "now" });
  await assert.rejects(Reading.begin(server, stream, { type: "now" }), { code: "connection-limit" });
  await neverRead.leave();
  const next = await Reading.begin(server, stream, { type: "now" });
  await next.leave();
  session.session.end();
  await server.close();
});

test("fragments are listed in the order asked, with error tags for those that cannot be given", async () => {
  const { server, stream, numbers } = await recorded();
  const unknown = (BigInt(numbers[0]!) ^ 1n).toString();
  const asked = [numbers[3]!, unknown, numbers[0]!, numbers[3]!];
  const bytes: Uint8Array[] = [];
  for await (const chunk of await server.reader.readList(stream, asked, new AbortController().signal))
    bytes.push(chunk);
  const files = contentsOf(Buffer.concat(bytes));
  assert.deepEqual(
    files.map(({ tagsBefore }) => tagIn(tagsBefore, "FRAGMENT_NUMBER")),
    asked,
  );
  assert.deepEqual(
    files.map(({ blocks }) => blocks.length),
    [5, 0, 5, 5],
  );
  assert.equal(tagIn(files[0]!.tagsBefore, "PRODUCER_SIDE_TIMESTAMP"), "4.000");
  assert.deepEqual(files[0]!.tagsAfter, []);
  assert.equal(tagIn(files[1]!.tagsBefore, "EXCEPTION_ERROR_CODE"), "4000");
  await server.close();
});
