import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import type { Settings } from "@kvass/server/options";
import { checkStart, type StartCheck } from "@kvass/server/preflight";
import { describeUnknown, unknownVariables } from "@kvass/server/settings";
import { DEMO_DATA_DIR, readServerFile } from "../discovery.ts";
import { describe } from "../errors.ts";
import { formatBytes } from "../terminal/format.ts";

/** What an examination found: `warn` where something is missing that not everybody needs. */
export interface Finding {
  readonly name: string;
  readonly verdict: "ok" | "warn" | "FAIL";
  readonly detail: string;
}

const OLDEST_NODE = 24;
/** The server archives nothing below its `--min-free-bytes` of up to 256 MiB; a warning must come well before. */
const LITTLE_SPACE = 1e9;
/** Signatures are refused beyond 15 minutes (AWS docs, "Troubleshooting Signature Version 4"); a clock this wrong will get there. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/**
 * Yields findings one by one, as they are made.
 * @param settings of the server, with an absolute data folder
 * @param isListenGiven whether the command line names the address to listen on
 */
export async function* examine(settings: Settings, isListenGiven: boolean): AsyncGenerator<Finding, void> {
  yield node();
  const dataFolder = folder(settings.data);
  yield dataFolder;
  yield disk(settings.data);
  const demo = readServerFile(DEMO_DATA_DIR);
  if (demo !== undefined) yield { name: "demo", verdict: "ok", detail: `runs on ${demo.url}` };
  const server = readServerFile(settings.data);
  if (server !== undefined) yield { name: "server", verdict: "ok", detail: `runs on ${server.url}` };
  // Where a server runs, the address that it is set to is its own.
  if (server === undefined || (isListenGiven && new URL(server.url).host !== settings.listen)) {
    yield await port(settings.listen);
  }
  for await (const check of checkStart(settings, process.env, server !== undefined)) {
    // Of a folder that cannot be looked into nothing else is known.
    if (dataFolder.verdict === "ok" || check.error !== undefined) yield* findings(check);
  }
  yield* ffmpegs(settings.ffmpeg);
  for (const unknown of unknownVariables(process.env)) {
    yield { name: "environment", verdict: "warn", detail: describeUnknown(unknown) };
  }
  yield clock();
}

function* findings({ name, detail, warning, error }: StartCheck): Generator<Finding> {
  if (error !== undefined) yield { name, verdict: "FAIL", detail: describe(error) };
  if (detail !== undefined) yield { name, verdict: "ok", detail };
  if (warning !== undefined) yield { name, verdict: "warn", detail: warning };
}

function node(): Finding {
  const { node: version } = process.versions;
  const verdict = Number(version.split(".")[0]) >= OLDEST_NODE ? "ok" : "FAIL";
  return { name: "Node", verdict, detail: `${version}, ${OLDEST_NODE} or later is needed` };
}

/** The folder itself, or the nearest one above it that exists. */
function existing(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existing(dirname(path));
}

function folder(dataDir: string): Finding {
  const place = existing(dataDir);
  if (!statSync(place).isDirectory()) return { name: "data folder", verdict: "FAIL", detail: `${place}: is no folder` };
  try {
    accessSync(place, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    return { name: "data folder", verdict: "FAIL", detail: describe(error) };
  }
  const detail = place === dataDir ? `${dataDir} is writable` : `${dataDir} will be made`;
  return { name: "data folder", verdict: "ok", detail };
}

function disk(dataDir: string): Finding {
  const { bavail, bsize } = statfsSync(existing(dataDir));
  const free = bavail * bsize;
  return { name: "disk", verdict: free < LITTLE_SPACE ? "warn" : "ok", detail: `${formatBytes(free)} free` };
}

async function port(listen: string): Promise<Finding> {
  const colon = listen.lastIndexOf(":");
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, "");
  const error = await listenError(host, Number(listen.slice(colon + 1)));
  if (error === undefined) return { name: "port", verdict: "ok", detail: `${listen} is free` };
  const demo = readServerFile(DEMO_DATA_DIR);
  if (demo?.url.endsWith(`:${listen.slice(colon + 1)}`)) {
    return { name: "port", verdict: "warn", detail: `${listen} is taken by the demo` };
  }
  const detail = error.code === "EADDRINUSE" ? `${listen} is taken by another program` : describe(error);
  return { name: "port", verdict: "FAIL", detail };
}

/** Tries to listen; resolves with why that fails, or undefined. */
function listenError(host: string, number: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen({ host, port: number, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** What `demo` and `put` start, and the server unless told otherwise. */
const FFMPEG = "ffmpeg";

/** A program that the settings name must be there; one that is looked for on the PATH, not everybody needs. */
function* ffmpegs(server: string): Generator<Finding> {
  const client = "demo and put (of anything but Matroska)";
  if (server === FFMPEG) {
    yield program(FFMPEG, FFMPEG, `images, ${client}`);
    return;
  }
  const named = program("--ffmpeg", server, "images");
  yield named.verdict === "ok" ? named : { ...named, verdict: "FAIL" };
  const found = program(FFMPEG, FFMPEG, client);
  if (found.verdict !== "ok") yield found;
}

function program(name: string, path: string, users: string): Finding {
  const { status, stdout, error } = spawnSync(path, ["-version"], { encoding: "utf8" });
  const version = /^ffmpeg version (\S+)/.exec(stdout ?? "")?.[1];
  const place = name === path ? "" : `${path}: `;
  if (status === 0 && version !== undefined) return { name, verdict: "ok", detail: `${place}${version}` };
  const problem = error === undefined ? "does not answer as ffmpeg does" : startProblem(error, path);
  return { name, verdict: "warn", detail: `${place}${problem}; needed for ${users}` };
}

function startProblem({ code, message }: NodeJS.ErrnoException, path: string): string {
  if (code === "ENOENT") return path === FFMPEG ? "not found (on Debian: apt-get install ffmpeg)" : "not found";
  return code === "EACCES" ? "may not be run by this user" : message;
}

/** Without a network there is no other clock to compare with, but the kernel knows whether something keeps its own right. */
function clock(): Finding {
  const { stdout } = spawnSync("timedatectl", ["show", "--property=NTPSynchronized", "--value"], { encoding: "utf8" });
  const now = new Date().toISOString();
  const built = Date.parse("2026-01-01T00:00:00Z");
  if (Date.now() + CLOCK_TOLERANCE_MS < built) {
    return { name: "clock", verdict: "FAIL", detail: `${now} lies before this version was made` };
  }
  const isSynchronized = stdout?.trim() === "yes";
  const detail = isSynchronized ? `${now}, synchronized` : `${now}; nothing is known to keep it right`;
  return { name: "clock", verdict: isSynchronized ? "ok" : "warn", detail };
}
