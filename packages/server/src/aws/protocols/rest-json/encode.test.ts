import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "../../errors.ts";
import { ShapeCompiler, type StructureShape } from "../../schema/shapes.ts";
import { camera } from "../../testing/camera.ts";
import { encodeError, encodeOutput } from "./encode.ts";

const outputOf = (name: string): StructureShape => {
  const schema = camera.operations.find((operation) => operation[2] === name)!;
  return new ShapeCompiler({}).structure(schema[5]);
};

test("members go where the schema binds them, in its order; absent ones are left out", () => {
  const answer = encodeOutput(outputOf("Point"), 200, {
    Image: Buffer.from([0, 1, 2]),
    Preset: { Children: [{ Name: "FAR" }], Name: "NEAR", Secret: undefined },
    At: new Date(1_551_924_009_774),
    Etag: "v1",
    Camera: undefined,
    Unknown: 1,
  });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.headers, { ETag: "v1", "Content-Type": "application/json" });
  assert.equal(
    answer.body,
    '{"At":1551924009.774,"Preset":{"Name":"NEAR","Children":[{"Name":"FAR"}]},"Image":"AAEC"}',
  );
});

test("an output without members is an empty object", () => {
  assert.equal(encodeOutput(outputOf("Repair"), 200, {}).body, "{}");
});

test("a streamed payload is handed on as it is, with its headers", async () => {
  const payload = (async function* () {
    yield Buffer.from("x");
  })();
  const answer = encodeOutput(outputOf("Record"), 200, { Camera: "north", Payload: payload });
  assert.deepEqual(answer.headers, { "x-camera": "north" });
  assert.equal(answer.body, payload);
});

test("a handler that returns no Date for a timestamp fails", () => {
  assert.throws(() => encodeOutput(outputOf("Point"), 200, { At: 5 }), /must be a Date/);
});

test("errors carry their type in the header and their message in the member that their schema names", () => {
  const answer = encodeError(new ServiceError("LostException", 404, "gone", { messageMember: "message" }));
  assert.equal(answer.status, 404);
  assert.equal(answer.headers["x-amzn-ErrorType"], "LostException");
  assert.equal(answer.body, '{"message":"gone"}');
});
