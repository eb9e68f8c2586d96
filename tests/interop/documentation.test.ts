/** The examples of docs/use are run as they stand, by the programs that they are written for. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CreateStreamCommand, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { output, start, startKvass } from "../support/command-line.ts";
import { CREDENTIALS, TestServer } from "../support/server.ts";

const ROOT = join(import.meta.dirname, "../..");
const INTERPRETERS: Record<string, [command: string, ...args: string[]]> = {
  js: [process.execPath, "--input-type=module", "-e"],
  // The Python that Debian's packages of boto3 belong to.
  python: ["/usr/bin/python3", "-c"],
};

let server: TestServer;
before(async () => {
  server = await TestServer.start();
  const client = new KinesisVideoClient(server.client);
  for (const StreamName of ["porch", "bytes", "pattern"]) {
    await client.send(new CreateStreamCommand({ StreamName, DataRetentionInHours: 1 }));
  }
  client.destroy();
  // What the reader's camera has sent: the pages about reading and playing take it.
  const camera =
    "-v error -f lavfi -i testsrc2=size=320x180:rate=25 -t 4 -c:v libx264 -preset ultrafast -g 50 -f matroska pipe:1";
  const recording = await output("ffmpeg", camera.split(" "));
  const { status, stderr } = await startKvass(["put", "porch", "-"], recording, { environment: environment() }).ended;
  assert.equal(status, 0, stderr);
});
after(() => server.stop());

/** What `kvass env` exports, as far as the examples need it. */
const environment = (): Record<string, string> => ({
  AWS_ENDPOINT_URL: server.url,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  AWS_REGION: server.client.region,
  AWS_DEFAULT_REGION: server.client.region,
});

function examples(page: string): { language: string; code: string }[] {
  const text = readFileSync(join(ROOT, "docs/use", page), "utf8");
  return [...text.matchAll(/^```(js|python)\n(.*?)^```$/gms)].map(([, language, code]) => ({
    language: language!,
    code: code!,
  }));
}

for (const page of ["produce.md", "consume.md", "playback.md"]) {
  for (const [index, { language, code }] of examples(page).entries()) {
    test(`${page}, example ${index + 1} (${language})`, async () => {
      const [command, ...args] = INTERPRETERS[language]!;
      const { status, stdout, stderr } = await start(command, [...args, code], {
        cwd: ROOT,
        environment: environment(),
      }).ended;
      assert.equal(status, 0, stderr);
      assert.notEqual(stdout.toString(), "");
    });
  }
}
