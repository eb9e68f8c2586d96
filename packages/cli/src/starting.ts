import { type RunningServer, type Settings, startServer } from "@kvass/server";
import { readServerFile } from "./discovery.ts";
import { CliError, describe } from "./errors.ts";

/** Starts the server. Throws {@link CliError} that says what to do where the folder or the port is taken. */
export async function startOrExplain(settings: Settings): Promise<RunningServer> {
  try {
    return await startServer(settings);
  } catch (error) {
    throw explainStart(error, settings);
  }
}

/** The error to show for a start that failed. */
export function explainStart(cause: unknown, { data, listen }: { data: string; listen: string }): unknown {
  if (!(cause instanceof Error)) return cause;
  if (cause.name === "FolderLocked") {
    const server = readServerFile(data);
    const user = server === undefined ? "another process" : `the server on ${server.url} (process ${server.pid})`;
    return new CliError(`${data} is in use by ${user}`, { cause });
  }
  const { code, syscall, path = data } = cause as NodeJS.ErrnoException;
  if (syscall === "mkdir") {
    // A file in its place is what EEXIST means here: of a folder the server makes use.
    const problem = code === "EEXIST" ? `${path}: is no folder` : describe(cause);
    return new CliError(`--data ${data}: the folder cannot be made (${problem})`, { cause });
  }
  switch (code) {
    case "EADDRINUSE":
      return new CliError(`${listen} is taken; choose another with --listen HOST:PORT, or port 0`, { cause });
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EADDRNOTAVAIL":
      return new CliError(`--listen ${listen}: no address of this machine`, { cause });
    case "EACCES":
      if (syscall !== "listen") return cause;
      return new CliError(`--listen ${listen}: this user may not listen there`, { cause });
    default:
      return cause;
  }
}
