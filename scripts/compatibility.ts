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
import type { Operation, Service } from "../packages/server/src/aws/service.ts";

const PAGE = join(import.meta.dirname, "../docs/reference/compatibility.md");

const HEAD = `# Compatibility with AWS

<!-- Made by \`node scripts/compatibility.ts\` from the services that the server itself starts with. -->

Every operation of these APIs is routed, authenticated, decoded, validated and authorized. One that Kvass does not implement yet then
answers \`NotImplementedException\` (HTTP 501), which the SDKs do not retry. What is "stored only" is checked, kept and returned, but not acted
on yet. [Differences from AWS](differences.md) tells what operations that are implemented do in another way.

`;

/** What of an operation that is implemented has no effect yet. */
interface Gap {
  /** Whether all that the operation sets is stored and nothing more. */
  readonly isStoredOnly: boolean;
  readonly words: string;
}

const GAPS: Readonly<Record<string, Gap>> = {
  CreateStream: { isStoredOnly: false, words: "`KmsKeyId` and the storage tier are stored only" },
  DescribeMappedResourceConfiguration: {
    isStoredOnly: false,
    words: "no channel records yet, so always an empty list",
  },
  UpdateImageGenerationConfiguration: { isStoredOnly: true, words: "no images are delivered" },
  UpdateNotificationConfiguration: { isStoredOnly: true, words: "no notifications are sent" },
  UpdateStreamStorageConfiguration: { isStoredOnly: true, words: "all media lies in the data folder" },
};

/** Handlers are made here but never called, so that what they stand on may be absent. */
const services = wireServices({} as Domain, callRateLimits(resolveSettings({})), () => undefined);

const operations = services.flatMap((service) => service.operations);
for (const name of Object.keys(GAPS)) {
  if (operations.some((operation) => operation.name === name && operation.handler !== undefined)) continue;
  throw new Error(`no operation ${name} is implemented: take its gap away`);
}

function stateOf({ name, handler }: Operation): string {
  if (handler === undefined) return "not yet";
  const gap = GAPS[name];
  if (gap === undefined) return "yes";
  return gap.isStoredOnly ? `stored only: ${gap.words}` : `yes; ${gap.words}`;
}

function countOf(service: Service): string {
  const done = service.operations.filter((operation) => operation.handler !== undefined);
  const stored = done.filter((operation) => GAPS[operation.name]?.isStoredOnly).length;
  const note = stored === 0 ? "" : `, ${stored} of them stored only`;
  return `${done.length} of ${service.operations.length} operations${note}.`;
}

function section(service: Service): string {
  const rows = service.operations.map(
    (operation) => `| ${operation.name} | \`${operation.method} ${operation.path}\` | ${stateOf(operation)} |`,
  );
  const table = ["| operation | request | implemented |", "|---|---|---|", ...rows].join("\n");
  return `## ${service.name}\n\n${countOf(service)}\n\n${table}\n`;
}

const page = HEAD + services.map(section).join("\n");
if (!process.argv.includes("--check")) {
  writeFileSync(PAGE, page);
} else if (readFileSync(PAGE, "utf8") !== page) {
  console.error("docs/reference/compatibility.md is out of date: run `node scripts/compatibility.ts`");
  process.exit(1);
}
