import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ServerOptions, TestServer } from "../../tests/support/server.ts";
import { endWithBench } from "./reference.ts";

const LAUNCHER = join(import.meta.dirname, "../../kvass");

/** The options of node that `./kvass` starts the server with. */
function launcherFlags(): string[] {
  const command = /^exec "\$node" ((?:--\S+ )*)"/m.exec(readFileSync(LAUNCHER, "utf8"));
  if (command === null) throw new Error(`${LAUNCHER} does not say how it starts node`);
  return command[1]!.split(" ").filter((flag) => flag !== "");
}

/** The launcher's cache of compiled code, so that a server starts here as it does there: compiled once, by the first start. */
const COMPILE_CACHE = join(import.meta.dirname, "../../node_modules/.cache/kvass");

/** A server as a person starts it: the launcher's options of node and its compile cache, and no log of requests. */
export async function startServer({ flags = [], ...options }: ServerOptions = {}): Promise<TestServer> {
  const server = await TestServer.start({
    ...options,
    nodeFlags: launcherFlags(),
    environment: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...options.environment },
    flags: ["--log-level", "warn", ...flags],
  });
  endWithBench(server.process);
  return server;
}
