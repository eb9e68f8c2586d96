import assert from "node:assert/strict";
import { test } from "node:test";
import { formatStreamArn, parseStreamArn } from "./arn.ts";

test("a stream's ARN is read back as its parts", () => {
  const parts = {
    region: "eu-west-1",
    accountId: "123456789012",
    name: "gate.cam_1-b",
    creationTime: 1_551_924_009_774,
  };
  const arn = "arn:aws:kinesisvideo:eu-west-1:123456789012:stream/gate.cam_1-b/1551924009774";
  assert.equal(formatStreamArn(parts), arn);
  assert.deepEqual(parseStreamArn(arn), parts);
});

test("what is not a stream's ARN is refused", () => {
  for (const text of [
    "",
    "stream/a/1",
    "arn:aws:kinesisvideo:us-east-1:123456789012:channel/a/1",
    "arn:aws:kinesisvideo:us-east-1:123456789012:stream/a",
    "arn:aws:kinesisvideo:us-east-1:123456789012:stream/a b/1",
    "arn:aws:kinesisvideo:us-east-1:123456789012:stream/a/1x",
    "arn:aws:s3:us-east-1:123456789012:stream/a/1",
    ` arn:aws:kinesisvideo:us-east-1:123456789012:stream/a/1`,
    "arn:aws:kinesisvideo:us-east-1:123456789012:stream/a/1\n",
  ]) {
    assert.equal(parseStreamArn(text), undefined, JSON.stringify(text));
  }
});
