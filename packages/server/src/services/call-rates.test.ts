import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { DomainError } from "../domain/errors.ts";
import { withinRates } from "./call-rates.ts";

const UNBOUNDED = Number.POSITIVE_INFINITY;
const ARN = "arn:aws:kinesisvideo:us-east-1:000000000000:stream/camera/1551924009774";

type Handlers = Record<"DescribeStream" | "ListStreams", (input: object) => Promise<string>>;

const handlers: Handlers = { DescribeStream: async () => "described", ListStreams: async () => "listed" };

beforeEach((context) => {
  mock.timers.enable({ apis: ["Date"] });
  (context as { after(step: () => void): void }).after(() => mock.timers.reset());
});

const refusal = (message: string): DomainError => new DomainError("client-limit", message);

test("a stream is one, by whichever member it is named", async () => {
  const { DescribeStream } = withinRates(handlers, () => ({ account: UNBOUNDED, stream: 3 }));
  assert.equal(await DescribeStream({ StreamName: "camera" }), "described");
  assert.equal(await DescribeStream({ StreamARN: ARN }), "described");
  assert.equal(await DescribeStream({ ResourceARN: ARN }), "described");
  await assert.rejects(
    DescribeStream({ StreamName: "camera" }),
    refusal("More than 3 DescribeStream calls a second on the stream."),
  );
  assert.equal(await DescribeStream({ StreamName: "other" }), "described");
  mock.timers.tick(400);
  assert.equal(await DescribeStream({ StreamName: "camera" }), "described");
});

test("all streams of an account share its rate, and each operation has its own", async () => {
  const limited = withinRates(handlers, () => ({ account: 2, stream: UNBOUNDED }));
  await limited.DescribeStream({ StreamName: "a" });
  await limited.DescribeStream({ StreamName: "b" });
  await assert.rejects(
    limited.DescribeStream({ StreamName: "c" }),
    refusal("More than 2 DescribeStream calls a second."),
  );
  assert.equal(await limited.ListStreams({}), "listed");
});

test("where nothing is bounded the handlers stay what they are", () => {
  const same = withinRates(handlers, () => ({ account: UNBOUNDED, stream: UNBOUNDED }));
  assert.equal(same.DescribeStream, handlers.DescribeStream);
});
