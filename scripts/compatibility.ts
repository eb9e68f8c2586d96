/**
 * Writes docs/reference/compatibility.md from the services as the server wires them: every operation with its state. With `--check`
 * fails where the page is out of date instead.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { resolveSettings } from "../packages/server/src/app/config/settings.ts";
import type { Domain } from "../packages/server/src/app/domain.ts";
import { callRateLimits } from "../packages/server/src/app/limits.ts";
import { wireServices } from "../packages/server/src/app/services.ts";
import type { Service } from "../packages/server/src/aws/service.ts";

const PAGE = join(import.meta.dirname, "../docs/reference/compatibility.md");

const HEAD = `# Compatibility with AWS

<!-- Made by \`node scripts/compatibility.ts\` from the services that the server itself starts with. -->

Every operation of these APIs is routed, authenticated, decoded, validated and authorized. One that Kvass does not implement yet then
answers \`NotImplementedException\` (HTTP 501), which the SDKs do not retry.

`;

/** Handlers are made here but never called, so that what they stand on may be absent. */
const services = wireServices({} as Domain, callRateLimits(resolveSettings({})));

function section({ name, operations }: Service): string {
  const done = operations.filter((operation) => operation.handler !== undefined).length;
  const rows = operations.map(({ name: operation, method, path, handler }) => {
    return `| ${operation} | \`${method} ${path}\` | ${handler === undefined ? "not yet" : "yes"} |`;
  });
  const table = ["| operation | request | implemented |", "|---|---|---|", ...rows].join("\n");
  return `## ${name}\n\n${done} of ${operations.length} operations.\n\n${table}\n`;
}

const page = HEAD + services.map(section).join("\n");
if (!process.argv.includes("--check")) {
  writeFileSync(PAGE, page);
} else if (readFileSync(PAGE, "utf8") !== page) {
  console.error("docs/reference/compatibility.md is out of date: run `node scripts/compatibility.ts`");
  process.exit(1);
}
