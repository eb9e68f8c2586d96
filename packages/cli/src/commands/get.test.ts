import assert from "node:assert/strict";
import { test } from "node:test";
import { refuseTerminal } from "./get.ts";

test("media is kept from a terminal, but not from a pipe or a file", () => {
  assert.throws(() => refuseTerminal("-", true), { name: "CliError", exitCode: 2, message: /terminal/ });
  refuseTerminal("-", false);
  refuseTerminal("clip.mkv", true);
});
