/** Pages of any origin call the service: what a browser asks before a request, and what it lets a page read of the answer (Fetch standard). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyHeader, fragment } from "../support/matroska-body.ts";
import { CREDENTIALS } from "../support/server.ts";
import { signedLines } from "../support/sign.ts";
import { ControlPlane } from "./support/control-plane.ts";
import { post, type RawAnswer, send } from "./support/raw.ts";

const ORIGIN = "https://viewer.example.com";
/** What the AWS SDKs for JavaScript put on a request, session credentials and all. */
const SDK_HEADERS =
  "amz-sdk-invocation-id,amz-sdk-request,authorization,content-type,x-amz-content-sha256,x-amz-date,x-amz-security-token,x-amz-user-agent";
const PUT_MEDIA_HEADERS =
  "authorization,x-amz-date,x-amzn-fragment-acknowledgment-required,x-amzn-fragment-timecode-type,x-amzn-producer-start-timestamp,x-amzn-stream-arn,x-amzn-stream-name";

const plane = await ControlPlane.start();
await plane.create("camera", { DataRetentionInHours: 1 });

const listOf = (answer: RawAnswer, header: string): string[] =>
  (answer.headers.get(header) ?? "").toLowerCase().split(/\s*,\s*/);

/** Holds that a page of another origin may read the answer, and what an SDK looks for beside its body. */
function assertReadable({ headers }: RawAnswer): void {
  assert.equal(headers.get("access-control-allow-origin"), "*");
  const exposed = (headers.get("access-control-expose-headers") ?? "").toLowerCase();
  for (const name of ["x-amzn-requestid", "x-amzn-errortype"]) assert.ok(exposed.includes(name), name);
}

const PATHS: [string, string][] = [
  ["/describeStream", SDK_HEADERS],
  ["/TagResource", SDK_HEADERS],
  ["/getDataEndpoint", SDK_HEADERS],
  ["/listFragments", SDK_HEADERS],
  ["/getMediaForFragmentList", SDK_HEADERS],
  ["/getHLSStreamingSessionURL", SDK_HEADERS],
  ["/getDASHStreamingSessionURL", SDK_HEADERS],
  ["/getClip", SDK_HEADERS],
  ["/getImages", SDK_HEADERS],
  ["/getMedia", SDK_HEADERS],
  ["/putMedia", PUT_MEDIA_HEADERS],
];

for (const [path, requested] of PATHS) {
  test(`a preflight lets a page send ${path} with every header of its client`, async () => {
    const preflight = await send(plane.server, path, {
      method: "OPTIONS",
      headers: {
        origin: ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": requested,
      },
    });
    assert.equal(preflight.status, 200);
    assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
    assert.ok(listOf(preflight, "access-control-allow-methods").includes("post"));
    const allowed = listOf(preflight, "access-control-allow-headers");
    assert.deepEqual(
      requested.split(",").filter((name) => !allowed.includes(name)),
      [],
    );
  });
}

test("a page may read acknowledgements, streamed media, and why a request was refused", async () => {
  const headers = {
    "x-amzn-fragment-timecode-type": "ABSOLUTE",
    "x-amzn-producer-start-timestamp": "0",
    "x-amzn-stream-name": "camera",
  };
  const lines = signedLines({ ...CREDENTIALS, url: plane.server.url, path: "/putMedia", headers });
  const body = Buffer.concat([bodyHeader(), fragment(1_000, 5, 100, 1_000)]);
  const put = await send(plane.server, "/putMedia", {
    method: "POST",
    body,
    headers: lines.map((line) => line.split(/: (.*)/s, 2) as [string, string]).filter(([name]) => name !== "host"),
  });
  assert.match(put.text, /"PERSISTED"/);
  assertReadable(put);
  const media = await post(
    plane.server,
    "/getMedia",
    '{"StreamName":"camera","StartSelector":{"StartSelectorType":"EARLIEST"}}',
  );
  assert.equal(media.status, 200);
  assertReadable(media);
  const range = '"FragmentSelectorType":"PRODUCER_TIMESTAMP","TimestampRange":{"StartTimestamp":1,"EndTimestamp":9}';
  const none = range.replace("1,", "5,");
  const refused = await post(plane.server, "/getClip", `{"StreamName":"camera","ClipFragmentSelector":{${none}}}`);
  assert.equal(refused.headers.get("x-amzn-errortype"), "ResourceNotFoundException");
  assertReadable(refused);
  assertReadable(await send(plane.server, "/putMedia", { method: "POST", body: "x" }));
});
