import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { exitCodeOf } from "../errors.ts";
import { confirm } from "./confirm.ts";

/** Answers the question; resolves with what was asked, and rejects where the answer is taken for a no. */
async function ask(answer: string, { isTTY = true, isAgreed = false } = {}): Promise<string> {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = Object.assign(new PassThrough(), { isTTY });
  input.end(answer);
  await confirm("all is lost", isAgreed, { input, output });
  return (output.read() ?? "").toString();
}

test("what cannot be undone is asked about, and done only where the answer is yes", async () => {
  for (const answer of ["y\n", "Yes\n", " y \nn\n"]) assert.equal(await ask(answer), "all is lost. Go on? [y/N] ");
  for (const answer of ["", "\n", "n\n", "yeah\n"]) await assert.rejects(ask(answer), /^CliError: nothing was done$/);
});

test("where nobody can be asked, the command line must have said yes", async () => {
  await assert.rejects(ask("y\n", { isTTY: false }), (error) => {
    assert.equal(String(error), "CliError: all is lost; --yes does it without asking");
    return exitCodeOf(error) === 2;
  });
  assert.equal(await ask("", { isTTY: false, isAgreed: true }), "");
});
