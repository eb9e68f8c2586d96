import assert from "node:assert/strict";
import { test } from "node:test";
import { instructions } from "./instructions.ts";

const SERVER = { url: "http://127.0.0.1:9", region: "r", accessKeyId: "A", secretAccessKey: "B" };

test("every command names the data folder where it must, as one word of the shell", () => {
  const text = instructions({ ...SERVER, dataDir: "/tmp/my demo's" }, "cam", true);
  const commands = text.split("\n").filter((line) => line.includes("./kvass "));
  assert.equal(commands.length, 5);
  for (const command of commands) assert.ok(command.includes(" --data '/tmp/my demo'\\''s'"), command);
});

test("commands are short where the server is found without its folder", () => {
  assert.doesNotMatch(instructions({ ...SERVER, dataDir: "/tmp/demo" }, "cam", false), /--data/);
});
