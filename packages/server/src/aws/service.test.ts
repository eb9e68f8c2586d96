import assert from "node:assert/strict";
import { test } from "node:test";
import { service } from "./service.ts";
import { CameraError, camera } from "./testing/camera.ts";

test("operations carry what their schemas say", () => {
  const { operations } = service(camera, { Point: async () => ({}) });
  assert.deepEqual(
    operations.map(({ name, method, path, status, streamsInput, handler }) => [
      name,
      method,
      path,
      status,
      streamsInput,
      handler !== undefined,
    ]),
    [
      ["Point", "POST", "/point", 200, false, true],
      ["Read", "GET", "/cameras/{Camera}/reading", 200, false, false],
      ["Record", "POST", "/record", 200, true, false],
      ["Repair", "POST", "/repair", 200, false, false],
    ],
  );
});

test("every disagreement is named, and keeps the service from starting", () => {
  const { Repair: _, ...rules } = camera.access;
  const wrong = {
    ...camera,
    access: { ...rules, Polish: { action: "camera:Polish", denied: "UnheardOfException", resource: () => "*" } },
    constraints: { ...camera.constraints, PointInput: { Tilt: { range: [0, 1] as const } }, Nothing: { At: {} } },
    errorTypes: { lost: "MissingException" },
    invalidInput: "WrongException",
  };
  assert.throws(
    () => service(wrong, { Pivot: async () => ({}) }),
    (error: Error) => {
      for (const part of [
        "camera cannot start",
        "no operation for handler Pivot",
        "no access rule for Repair",
        "no operation for rule Polish",
        "no error schema for UnheardOfException",
        "no error schema for MissingException",
        "no error schema for WrongException",
        "no member for constraint PointInput.Tilt",
        "no member for constraint Nothing.At",
      ]) {
        assert.ok(error.message.includes(part), part);
      }
      return true;
    },
  );
});

test("a table may name an error that every front end has", () => {
  const { translate } = service({ ...camera, errorTypes: { lost: "ServiceUnavailable" } }, {});
  const cause = new CameraError("lost", "the disk is full");
  const error = translate(cause)!;
  assert.deepEqual([error.type, error.status, error.message], ["ServiceUnavailable", 503, "the disk is full"]);
  assert.equal(error.cause, cause);
});

test("errors of the rules become modelled ones through the table; others do not", () => {
  const { translate } = service(camera, {});
  const error = translate(new CameraError("lost", "no such camera"))!;
  assert.deepEqual(
    [error.type, error.status, error.message, error.messageMember],
    ["LostException", 404, "no such camera", "message"],
  );
  assert.equal(translate(new CameraError("unlisted", "x")), undefined);
  assert.equal(translate(Object.assign(new Error("x"), { code: "lost" })), undefined);
});
