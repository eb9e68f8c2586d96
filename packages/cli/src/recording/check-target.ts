import { stat } from "node:fs/promises";
import { CliError, USAGE } from "../errors.ts";

/** Refuses no name at all, and where a file would be replaced that is there already; a pipe or a device is none. Throws {@link CliError}. */
export async function checkTarget(path: string, force: boolean): Promise<void> {
  if (path === "") throw new CliError("-o: expected the name of a file", { exitCode: USAGE });
  if (path === "-" || force || !(await isFile(path))) return;
  throw new CliError(`${path}: exists already; --force replaces it`);
}

/** Whether a file is there, which is no pipe, device or folder. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
