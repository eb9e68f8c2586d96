/** Format, lint, types and the import law, each as CI runs it: `npm run check`. Stops at the first that fails. */
import { spawnSync } from "node:child_process";

const STEPS: [string, string[]][] = [
  ["biome", ["check", "--error-on-warnings", "."]],
  ["tsc", ["-p", "packages/media/tsconfig.json"]],
  ["tsc", ["-p", "tsconfig.json"]],
  ["node", ["scripts/check-layers.ts"]],
  ["node", ["scripts/options-page.ts", "--check"]],
  ["node", ["scripts/compatibility.ts", "--check"]],
];

for (const [command, args] of STEPS) {
  console.log(`> ${command} ${args.join(" ")}`);
  const { status } = spawnSync(command, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
