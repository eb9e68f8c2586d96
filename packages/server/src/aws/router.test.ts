import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "./errors.ts";
import { Router } from "./router.ts";
import { service } from "./service.ts";
import { camera } from "./testing/camera.ts";

const cameras = service(camera, {});
/** A service that shares its paths with the first and is told apart by its signing name alone. */
const twin = service({ ...camera, name: "twin", signingName: "twin" }, {});
const router = new Router([cameras, twin]);

const refused = (type: string, status: number) => (error: unknown) =>
  error instanceof ServiceError && error.type === type && error.status === status;

test("the service of the credential scope decides between operations at one path", () => {
  assert.equal(router.find("kinesisvideo", "POST", "/point").operation.service, cameras);
  assert.equal(router.find("twin", "POST", "/point").operation.service, twin);
});

test("an absent or unknown service finds the first operation of the path, for authentication to refuse", () => {
  assert.equal(router.find(undefined, "POST", "/point").operation.name, "Point");
  assert.equal(router.find("s3", "POST", "/point").operation.name, "Point");
});

test("labels are one segment each, and percent-decoded", () => {
  const route = router.find("kinesisvideo", "GET", "/cameras/north%20east/reading");
  assert.equal(route.operation.name, "Read");
  assert.deepEqual(route.labels, { Camera: "north east" });
  assert.equal(router.find("kinesisvideo", "GET", "/cameras/%zz/reading").labels.Camera, "%zz");
});

test("unknown paths are not found, and known ones say which methods they take", () => {
  for (const path of ["/", "/nowhere", "/point/", "/cameras/a/b/reading", "/cameras//reading", "//point"]) {
    assert.throws(() => router.find("kinesisvideo", "GET", path), refused("UnknownOperationException", 404), path);
  }
  assert.throws(
    () => router.find("kinesisvideo", "GET", "/point"),
    (error: ServiceError) => {
      assert.deepEqual(error.headers, { Allow: "POST" });
      return error.status === 405;
    },
  );
  assert.throws(
    () => router.find("kinesisvideo", "PUT", "/cameras/a/reading"),
    refused("MethodNotAllowedException", 405),
  );
});

test("two operations of one signing name at one place are refused at start", () => {
  assert.throws(
    () => new Router([cameras, service({ ...camera, name: "again" }, {})]),
    /two operations share kinesisvideo POST/,
  );
});
