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

/** A server as a person starts it: the launcher's options of node, and no log of requests. */
export async function startServer({ flags = [], ...options }: ServerOptions = {}): Promise<TestServer> {
  const nodeFlags = launcherFlags();
  const server = await TestServer.start({ ...options, nodeFlags, flags: ["--log-level", "warn", ...flags] });
  endWithBench(server.process);
  return server;
}
