import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AckParser } from "./acks.ts";

const WIRE =
  '{"EventType":"BUFFERING","FragmentTimecode":5,"FragmentNumber":"91343852333181432392682062683821642268295638377"}\n' +
  '{"EventType":"IDLE"}{"EventType":"ERROR","ErrorCode":"INVALID_MKV_DATA","ErrorId":4006,"Message":"EBML at byte 0"}\n';

const ACKS = [
  {
    type: "BUFFERING",
    fragmentTimecode: 5,
    fragmentNumber: "91343852333181432392682062683821642268295638377",
  },
  { type: "IDLE" },
  { type: "ERROR", errorCode: "INVALID_MKV_DATA", errorId: 4006, message: "EBML at byte 0" },
];

test("acknowledgements come out whole however the text is cut, with line breaks between them or without", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: WIRE.length })), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), WIRE.length];
      const parser = new AckParser();
      const acks = places.slice(1).flatMap((end, index) => parser.feed(WIRE.slice(places[index], end)));
      assert.deepEqual(acks, ACKS);
    }),
  );
});

for (const [what, text] of [
  ["no JSON", "hello}"],
  ["no event", '{"Message":"no"}'],
  ["an object without an end", `{"EventType":"${"x".repeat(20_000)}`],
] as const) {
  test(`refuses ${what}`, () => {
    assert.throws(() => new AckParser().feed(text), { name: "InvalidAcknowledgement", status: 200 });
  });
}
