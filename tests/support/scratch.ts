import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

/** Memory, where the machine offers it as a file system: what is tested is when the store syncs, not how long the disk takes. */
function scratchRoot(): string {
  try {
    accessSync("/dev/shm", constants.W_OK);
    return "/dev/shm";
  } catch {
    return tmpdir();
  }
}

/** A folder for the files of one test file, removed when its tests are over. Returns a maker of new folders in it. */
export function scratchFolders(name: string): () => string {
  const root = mkdtempSync(join(scratchRoot(), `kvass-${name}-`));
  after(() => rmSync(root, { recursive: true, force: true }));
  return () => mkdtempSync(join(root, "data-"));
}
