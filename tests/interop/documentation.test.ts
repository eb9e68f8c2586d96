/** The examples of docs/use are run as they stand, by the programs that they are written for. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CreateStreamCommand, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { start } from "../support/command-line.ts";
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
  for (const StreamName of ["porch", "bytes"]) {
    await client.send(new CreateStreamCommand({ StreamName, DataRetentionInHours: 1 }));
  }
  client.destroy();
});
after(() => server.stop());

function examples(page: string): { language: string; code: string }[] {
  const text = readFileSync(join(ROOT, "docs/use", page), "utf8");
  return [...text.matchAll(/^```(js|python)\n(.*?)^```$/gms)].map(([, language, code]) => ({
    language: language!,
    code: code!,
  }));
}

// Producing comes first: the pages about reading and playing take what it has left.
for (const page of ["produce.md", "consume.md", "playback.md"]) {
  for (const [index, { language, code }] of examples(page).entries()) {
    test(`${page}, example ${index + 1} (${language})`, async () => {
      const [command, ...args] = INTERPRETERS[language]!;
      const { status, stdout, stderr } = await start(command, [...args, code], {
        cwd: ROOT,
        environment: {
          AWS_ENDPOINT_URL: server.url,
          AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
          AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
          AWS_REGION: server.client.region,
          AWS_DEFAULT_REGION: server.client.region,
        },
      }).ended;
      assert.equal(status, 0, stderr);
      assert.notEqual(stdout.toString(), "");
    });
  }
}
