#!/usr/bin/env node
import { describe, INTERRUPTED } from "./errors.ts";
import { run } from "./program.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough (`kvass ls | head`) is no failure.
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`kvass: ${describe(Object.assign(error, { path: "standard output" }))}\n`);
  process.exit(1);
});

const status = await run(process.argv.slice(2));
// What was interrupted may still wait, as for an answer, and would keep the process.
if (status === INTERRUPTED) process.exit(status);
process.exitCode = status;
