import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

interface Lockfile {
  readonly packages: Readonly<
    Record<string, { readonly optional?: boolean; readonly engines?: { readonly node?: string } }>
  >;
}

/** A range of versions of which one part takes the newest Node 18: `^18.17.0 || >=20.3.0`, `>=14`. */
const takesNode18 = (range: string): boolean => /(?:^|\|\| *)(?:\^18\.|>= ?(?:[1-9]|1[0-8])(?:\.|$))/.test(range);

test("npm on Node 18, with which the launcher installs on Debian 12, leaves no package out", () => {
  const lockfile = JSON.parse(readFileSync(new URL("../../../package-lock.json", import.meta.url), "utf8")) as Lockfile;
  // Of what is not optional, npm only warns; optional packages, as those with a platform's binaries are, it leaves out without a word.
  const optional = Object.entries(lockfile.packages).filter(([, { optional }]) => optional);
  assert.ok(optional.some(([path]) => path === "node_modules/@img/sharp-linux-x64"));
  const leftOut = optional.filter(([, { engines }]) => engines?.node !== undefined && !takesNode18(engines.node));
  assert.deepEqual(leftOut, []);
});
