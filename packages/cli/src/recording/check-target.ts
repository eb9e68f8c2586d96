import { stat } from "node:fs/promises";
import { CliError } from "../errors.ts";

/** Refuses a path where a file would be replaced that is there already; a pipe or a device is none. Throws {@link CliError}. */
export async function checkTarget(path: string, force: boolean): Promise<void> {
  if (path === "-" || force || !(await isFile(path))) return;
  throw alreadyThere(path);
}

/** The error of a file that would be replaced. */
export const alreadyThere = (path: string): CliError => new CliError(`${path}: exists already; --force replaces it`);

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
