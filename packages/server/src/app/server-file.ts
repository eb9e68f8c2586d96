import { rmSync } from "node:fs";
import { join } from "node:path";
import { writePrivateFile } from "./root-credential.ts";

/** Where a running server says how to reach it, for the commands that are given its data folder. */
const SERVER_FILE = "server.json";

/** What the file says. */
export interface ServerFile {
  readonly url: string;
  readonly region: string;
  /** Of the root credential: one from the server's environment is not that of the data folder. */
  readonly accessKeyId: string;
}

/** Writes the file; the function that it returns removes it again. */
export function writeServerFile(dataDir: string, { url, region, accessKeyId }: ServerFile): () => void {
  const path = join(dataDir, SERVER_FILE);
  writePrivateFile(path, `${JSON.stringify({ url, region, accessKeyId, pid: process.pid })}\n`);
  return () => rmSync(path, { force: true });
}
