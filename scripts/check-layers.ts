/**
 * The import law of ARCHITECTURE.md, checked: every relative or workspace import must go to a layer that its own layer may see.
 * Prints one line for each import that breaks the law and exits 1.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

/** A layer is the longest path prefix below; its value lists the prefixes that it may import beside itself. */
const LAW: Record<string, string[]> = {
  "packages/media/src": [],
  "packages/client/src": ["packages/media/src"],
  "packages/server/src/aws": [],
  "packages/server/src/storage/ports": [],
  "packages/server/src/storage/contract": ["packages/server/src/storage/ports"],
  "packages/server/src/storage/journal": ["packages/server/src/storage/ports", "packages/server/src/storage/contract"],
  "packages/server/src/storage/catalog": ["packages/server/src/storage/ports", "packages/server/src/storage/contract"],
  "packages/server/src/storage/keys": ["packages/server/src/storage/ports", "packages/server/src/storage/contract"],
  "packages/server/src/domain": ["packages/media/src", "packages/server/src/storage/ports"],
  "packages/server/src/services": ["packages/server/src/aws", "packages/server/src/domain"],
  "packages/server/src/edge": ["packages/server/src/aws", "packages/server/src/domain"],
  "packages/server/src": ["packages/server/src", "packages/media/src"],
  "packages/cli/src": ["packages/client/src", "packages/server/src", "packages/media/src"],
};
/** Services never import each other: the folder below services/ is a layer of its own. */
const SERVICES = "packages/server/src/services/";
/** Node's built-in modules are refused where a layer must run in a browser too. */
const NO_NODE = ["packages/media/src"];
const WORKSPACES: Record<string, string> = {
  "@kvass/media": "packages/media/src",
  "@kvass/client": "packages/client/src",
  "@kvass/server": "packages/server/src",
};

const root = join(import.meta.dirname, "..");
const layers = Object.keys(LAW).sort((a, b) => b.length - a.length);
const layerOf = (file: string): string | undefined =>
  layers.find((layer) => file === layer || file.startsWith(`${layer}/`));

function resolve(file: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return normalize(join(dirname(file), specifier));
  const workspace = Object.keys(WORKSPACES).find((name) => specifier === name || specifier.startsWith(`${name}/`));
  return workspace === undefined ? undefined : WORKSPACES[workspace];
}

/** Says why an import is unlawful, or undefined where it is lawful. */
function breach(file: string, specifier: string): string | undefined {
  const from = layerOf(file);
  if (from === undefined) return undefined;
  if (specifier.startsWith("node:")) {
    return NO_NODE.includes(from) ? `${from} imports nothing of Node` : undefined;
  }
  const target = resolve(file, specifier);
  if (target === undefined)
    return LAW[from]!.length === 0 && NO_NODE.includes(from) ? `${from} has no dependencies` : undefined;
  const to = layerOf(target);
  if (to === undefined) return `${target} is in no layer`;
  if (from === "packages/server/src/services" && to === from && file.split("/")[4] !== target.split("/")[4]) {
    const shared = !file.slice(SERVICES.length).includes("/") || !target.slice(SERVICES.length).includes("/");
    return shared ? undefined : "services never import each other";
  }
  if (to === from || LAW[from]!.includes(to)) return undefined;
  return from === "packages/server/src" ? undefined : `${from} may not see ${to}`;
}

let broken = 0;
for (const path of globSync("packages/*/src/**/*.ts", { cwd: root })) {
  const file = relative(root, join(root, path));
  if (file.endsWith(".test.ts")) continue;
  const text = readFileSync(join(root, file), "utf8");
  for (const match of text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)"([^"]+)"/g)) {
    const why = breach(file, match[1]!);
    if (why === undefined) continue;
    broken++;
    console.error(`${file}: import of "${match[1]}": ${why}`);
  }
}
if (broken > 0) process.exit(1);
console.log("import law holds");
