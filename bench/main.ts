/**
 * `npm run bench [-- NAME ...] [--json]`: measures the product beside a reference in the same run and prints one row for each figure.
 * Exits 1 where a figure misses its goal, so that a script can tell.
 */
import { parseArgs } from "node:util";
import type { BenchRow } from "./row.ts";

/** Each bench is a module with `bench(): Promise<BenchRow[]>`, loaded only when it runs. */
const BENCHES: Record<string, () => Promise<{ bench(): Promise<BenchRow[]> }>> = {
  ingest: () => import("./ingest.ts"),
  ack: () => import("./ack.ts"),
  latency: () => import("./latency.ts"),
  demux: () => import("./demux.ts"),
  clip: () => import("./clip.ts"),
  segments: () => import("./segments.ts"),
  playlist: () => import("./playlist.ts"),
  viewers: () => import("./viewers.ts"),
  catalog: () => import("./catalog.ts"),
  producers: () => import("./producers.ts"),
  idle: () => import("./idle.ts"),
  start: () => import("./start.ts"),
  images: () => import("./images.ts"),
  llhls: () => import("./llhls.ts"),
};

const figure = (value: number): string =>
  Number.isNaN(value) ? "-" : value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(3);

function table(rows: readonly BenchRow[]): string {
  const lines = rows.map((row) => [
    row.name,
    `${figure(row.value)} ${row.unit}`,
    Number.isNaN(row.reference) ? "-" : `${figure(row.reference)} ${row.unit}`,
    Number.isNaN(row.ratio) ? "-" : `${figure(row.ratio)}x`,
    row.goal,
    row.ok ? "yes" : "NO",
  ]);
  return [
    ["bench", "value", "reference", "ratio", "goal", "reached"],
    ["---", "---", "---", "---", "---", "---"],
    ...lines,
  ]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false } },
});
const unknown = positionals.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) {
  console.error(`no bench ${unknown.join(", ")}; there are ${Object.keys(BENCHES).join(", ")}`);
  process.exit(2);
}

const rows: BenchRow[] = [];
for (const name of positionals.length > 0 ? positionals : Object.keys(BENCHES)) {
  console.error(`bench ${name} ...`);
  for (const row of await (await BENCHES[name]!()).bench()) {
    rows.push(row);
    if (values.json) console.log(JSON.stringify(row));
  }
}
if (!values.json) console.log(table(rows));
process.exit(rows.every((row) => row.ok) ? 0 : 1);
