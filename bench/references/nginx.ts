import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { childrenOf, processorMs } from "../support/cpu.ts";
import { endWithBench } from "../support/reference.ts";

const STARTED_WITHIN_MS = 5000;

/** As one would set it up for files of media: no log, sendfile, connections kept. One worker: there is one server too. */
const configuration = (port: number): string => `
worker_processes 1;
pid nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  client_body_temp_path temp;
  proxy_temp_path temp;
  fastcgi_temp_path temp;
  uwsgi_temp_path temp;
  scgi_temp_path temp;
  types { application/vnd.apple.mpegurl m3u8; video/mp4 mp4; }
  server {
    listen 127.0.0.1:${port};
    root files;
    location ~ MediaFragment { try_files /$arg_FragmentNumber.mp4 =404; }
  }
}
`;

/** nginx on a free port of the loopback interface, which serves the files that it is given: fragments by number, and a playlist. */
export class Nginx {
  readonly url: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(url: string, folder: string, process: ChildProcess) {
    this.url = url;
    this.#folder = folder;
    this.#process = process;
  }

  static async start(): Promise<Nginx> {
    if (spawnSync("nginx", ["-v"]).error) throw new Error("nginx is not installed: apt install nginx-light");
    const folder = await mkdtemp(join(tmpdir(), "kvass-nginx-"));
    // Its worker is another user where root starts it.
    await chmod(folder, 0o755);
    await mkdir(join(folder, "files"));
    const port = await freePort();
    await writeFile(join(folder, "nginx.conf"), configuration(port));
    const flags = ["-p", folder, "-c", "nginx.conf", "-e", "stderr", "-g", "daemon off;"];
    const child = spawn("nginx", flags, { stdio: ["ignore", "ignore", "inherit"] });
    endWithBench(child);
    const nginx = new Nginx(`http://127.0.0.1:${port}`, folder, child);
    await nginx.#started();
    return nginx;
  }

  /** Puts a file in its place at once. */
  async put(name: string, content: string | Uint8Array): Promise<void> {
    const path = join(this.#folder, name);
    await writeFile(path, content);
    await rename(path, join(this.#folder, "files", name));
  }

  /** Milliseconds of processor time that it has used, its worker included. */
  processorMs(): number {
    const pid = this.#process.pid!;
    return [pid, ...childrenOf(pid)].reduce((sum, each) => sum + processorMs(each), 0);
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGTERM");
    await exited;
    // A file may be put into it yet.
    await rm(this.#folder, { recursive: true, maxRetries: 3 });
  }

  async #started(): Promise<void> {
    const deadline = performance.now() + STARTED_WITHIN_MS;
    while (performance.now() < deadline) {
      const answered = await fetch(this.url).catch(() => undefined);
      await answered?.arrayBuffer();
      if (answered !== undefined) return;
      await delay(20);
    }
    this.#process.kill("SIGKILL");
    throw new Error("nginx did not start");
  }
}

/** Free a moment ago: nginx takes a number, not a socket. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
