import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { ServiceError } from "../../errors.ts";
import { RequestBody } from "../../request-body.ts";
import { ShapeCompiler, type StructureShape } from "../../schema/shapes.ts";
import { camera } from "../../testing/camera.ts";
import { decodeInput, type InputSource, InvalidText } from "./decode.ts";
import { MAX_JSON_DEPTH, parseJsonObject } from "./json.ts";

const inputOf = (name: string): StructureShape => {
  const schema = camera.operations.find((operation) => operation[2] === name)!;
  return new ShapeCompiler({}).structure(schema[4]);
};

const source = (more: Partial<InputSource>): InputSource => ({
  headers: {},
  query: new URLSearchParams(),
  labels: {},
  body: new Uint8Array(0),
  stream: Readable.from([]),
  ...more,
});

const decodeJson = (json: string): Record<string, unknown> =>
  decodeInput(inputOf("Point"), source({ body: Buffer.from(json) }));

const refusal = (pattern: RegExp): ((error: unknown) => boolean) => {
  return (error) =>
    error instanceof ServiceError && error.type === "SerializationException" && pattern.test(error.message);
};

const invalid = (pattern: RegExp): ((error: unknown) => boolean) => {
  return (error) => error instanceof InvalidText && pattern.test(error.message);
};

test("every JSON type becomes the schema's type; unknown and null members are left out", () => {
  const decoded = decodeJson(
    '{"Camera":"a","Pan":-1.5e1,"Labels":{"k":"v"},"Names":["x","y"],"Live":false,"renamed":"r","Image":"AAEC","Extra":1,"At":null}',
  );
  assert.deepEqual(decoded, {
    Camera: "a",
    Pan: -15,
    Labels: { k: "v" },
    Names: ["x", "y"],
    Live: false,
    Renamed: "r",
    Image: Buffer.from([0, 1, 2]),
  });
});

test("timestamps are integer, decimal or exponent seconds, or ISO-8601", () => {
  for (const text of [
    "1551924009.774",
    "1.551924009774E9",
    '"2019-03-07T02:00:09.774Z"',
    '"2019-03-07T03:00:09.774+01:00"',
  ]) {
    assert.deepEqual(decodeJson(`{"At":${text}}`).At, new Date(1_551_924_009_774), text);
  }
  assert.deepEqual(decodeJson('{"At":1551924009}').At, new Date(1_551_924_009_000));
  for (const text of ['"yesterday"', '"2019-03-07"', "1e300", "true", '"1551924009"']) {
    assert.throws(() => decodeJson(`{"At":${text}}`), refusal(/'at' must be a timestamp/), text);
  }
});

test("every millisecond survives the way through JSON", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (time) => {
      const decoded = decodeJson(JSON.stringify({ At: time / 1000 })).At as Date;
      assert.equal(decoded.getTime(), time);
    }),
  );
});

test("values of another type are refused by the name of their member", () => {
  assert.throws(() => decodeJson('{"Camera":1}'), refusal(/'camera' must be a string/));
  assert.throws(() => decodeJson('{"Pan":"1"}'), refusal(/'pan' must be a number/));
  assert.throws(() => decodeJson('{"Pan":1e999}'), refusal(/'pan' must be a number/));
  assert.throws(() => decodeJson('{"Live":"true"}'), refusal(/'live' must be a boolean/));
  assert.throws(() => decodeJson('{"Names":{}}'), refusal(/'names' must be a list/));
  assert.throws(() => decodeJson('{"Names":["a",2]}'), refusal(/'names.2.member' must be a string/));
  assert.throws(() => decodeJson('{"Labels":[]}'), refusal(/'labels' must be a map/));
  assert.throws(() => decodeJson('{"Labels":{"k":1}}'), refusal(/'labels.k.member' must be a string/));
  assert.throws(() => decodeJson('{"Preset":"x"}'), refusal(/'preset' must be an object/));
  assert.throws(() => decodeJson('{"Preset":{"Children":[{"Name":2}]}}'), refusal(/'preset.children.1.member.name'/));
});

test("bodies that are no JSON object are refused", () => {
  for (const text of ["[]", "1", "null", '"x"', "{", '{"a":}', "\u0000"]) {
    assert.throws(() => decodeJson(text), refusal(/must be a JSON object|not valid JSON/), text);
  }
  assert.throws(() => parseJsonObject(Buffer.from([0x7b, 0xff, 0x7d])), refusal(/not valid JSON/));
});

test("an empty body is an empty object", () => {
  assert.deepEqual(decodeJson(""), {});
});

test("nesting is bounded, and brackets in strings do not count", () => {
  const nested = (depth: number): string => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
  assert.ok(parseJsonObject(Buffer.from(nested(MAX_JSON_DEPTH))));
  assert.throws(() => parseJsonObject(Buffer.from(nested(MAX_JSON_DEPTH + 1))), refusal(/deeper than/));
  assert.throws(() => parseJsonObject(Buffer.alloc(1 << 20, "[")), refusal(/deeper than/));
  assert.deepEqual(parseJsonObject(Buffer.from(JSON.stringify({ a: `\\"${"[".repeat(500)}` }))), {
    a: `\\"${"[".repeat(500)}`,
  });
});

test("keys that name parts of every object are plain keys of maps, and no members", () => {
  const decoded = decodeJson('{"Labels":{"__proto__":"x","constructor":"y"}}');
  assert.deepEqual(Object.entries(decoded.Labels as object), [
    ["__proto__", "x"],
    ["constructor", "y"],
  ]);
  assert.equal(decodeJson('{"__proto__":{"Camera":"a"}}').Camera, undefined);
});

test("labels, headers and query parameters are decoded from text", () => {
  const decoded = decodeInput(
    inputOf("Read"),
    source({
      labels: { Camera: "north" },
      headers: { "x-since": "1795254695.7", "x-raw": "true" },
      query: new URLSearchParams("tag=a&tag=b&depth=3"),
    }),
  );
  assert.deepEqual(decoded, {
    Camera: "north",
    Since: new Date(1_795_254_695_700),
    Tag: ["a", "b"],
    Depth: 3,
    Raw: true,
  });
  for (const since of ["Sat, 21 Nov 2026 12:00:00 GMT", "2026-11-21T12:00:00Z", "1.7952624E9"]) {
    assert.deepEqual(
      decodeInput(inputOf("Read"), source({ headers: { "x-since": since } })).Since,
      new Date(Date.UTC(2026, 10, 21, 12)),
    );
  }
  assert.throws(() => decodeInput(inputOf("Read"), source({ headers: { "x-since": "soon" } })), invalid(/'since'/));
  assert.throws(() => decodeInput(inputOf("Read"), source({ headers: { "x-raw": "yes" } })), invalid(/'raw'/));
  assert.throws(
    () => decodeInput(inputOf("Read"), source({ query: new URLSearchParams("depth=") })),
    invalid(/'depth'/),
  );
});

test("a streamed body is handed on as it is", async () => {
  const stream = Readable.from([Buffer.from("a"), Buffer.from("b")]);
  const { Payload } = decodeInput(inputOf("Record"), source({ stream }));
  assert.ok(Payload instanceof RequestBody);
  const seen: string[] = [];
  await Payload.consume((chunk) => {
    seen.push(Buffer.from(chunk).toString());
    return undefined;
  });
  assert.deepEqual(seen, ["a", "b"]);
});

test("no JSON value makes decoding fail otherwise than by refusal", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom("Camera", "Pan", "Labels", "Names", "At", "Preset", "Image"), fc.jsonValue()),
      (value) => {
        try {
          decodeJson(JSON.stringify(value));
        } catch (error) {
          assert.ok(error instanceof ServiceError);
        }
      },
    ),
  );
});
