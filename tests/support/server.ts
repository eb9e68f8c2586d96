import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The root credential that test servers are started with. */
export const CREDENTIALS = {
  accessKeyId: "AKIAKVASSTESTSAREFUN",
  secretAccessKey: "kvass/tests+only/not-a-secret-0123456789",
};

const ENTRY = join(import.meta.dirname, "../../packages/cli/src/main.ts");

/** A server is up within a second; a loaded machine may take longer, and one that has not spoken by then never will. */
const READY_WITHIN_MS = 30_000;
/** Longer than the server's own drain. */
const STOPPED_WITHIN_MS = 30_000;

export interface ServerOptions {
  /** Kept between servers of one test; a temporary folder, removed by `stop`, where absent. */
  readonly data?: string;
  /** Further flags of `kvass serve`. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Options of node itself, before the script. */
  readonly nodeFlags?: readonly string[];
}

/** This process's environment without the settings of the tests, and those of a server that someone has in their shell. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("KVASS_")));
}

/** A real `kvass serve` process on a free loopback port. */
export class TestServer {
  readonly url: string;
  readonly data: string;
  readonly process: ChildProcess;
  readonly #ownsData: boolean;
  readonly #log: string[];

  private constructor(url: string, data: string, process: ChildProcess, ownsData: boolean, log: string[]) {
    this.url = url;
    this.data = data;
    this.process = process;
    this.#ownsData = ownsData;
    this.#log = log;
  }

  static async start(options: ServerOptions = {}): Promise<TestServer> {
    const data = options.data ?? mkdtempSync(join(tmpdir(), "kvass-test-"));
    const child = spawn(
      process.execPath,
      [
        ...(options.nodeFlags ?? []),
        ENTRY,
        "serve",
        "--data",
        data,
        "--listen",
        "127.0.0.1:0",
        ...(options.flags ?? []),
      ],
      {
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          ...ownEnvironment(),
          KVASS_ROOT_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
          KVASS_ROOT_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
          ...options.environment,
        },
      },
    );
    const log: string[] = [];
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      log.push(text);
      if (log.length > 1000) log.shift();
    });
    const url = await readyUrl(child, log);
    return new TestServer(url, data, child, options.data === undefined, log);
  }

  /** What the server wrote to its log so far, its newest thousand pieces. */
  get log(): string {
    return this.#log.join("");
  }

  /** `endpoint`, `region` and `credentials` as every official JavaScript client takes them. */
  get client(): { endpoint: string; region: string; credentials: typeof CREDENTIALS } {
    return { endpoint: this.url, region: "us-east-1", credentials: CREDENTIALS };
  }

  /** SIGTERM; resolves with the exit code, and removes the data folder that `start` made. */
  async stop(): Promise<number | null> {
    return this.#end("SIGTERM");
  }

  /** SIGKILL: what a crash leaves behind stays in the data folder that the caller gave. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exited = once(this.process, "exit");
      this.process.kill(signal);
      const timer = setTimeout(() => this.process.kill("SIGKILL"), STOPPED_WITHIN_MS);
      await exited;
      clearTimeout(timer);
    }
    if (this.#ownsData) rmSync(this.data, { recursive: true, force: true });
    return this.process.exitCode;
  }
}

async function readyUrl(child: ChildProcess, log: string[]): Promise<string> {
  let output = "";
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      child.kill("SIGKILL");
      reject(new Error(`${why}; stdout: ${output}; stderr: ${log.join("")}`));
    };
    const timer = setTimeout(() => fail("the server was not ready in time"), READY_WITHIN_MS);
    child.once("exit", (code) => fail(`the server ended with ${code}`));
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const url = /^kvass ready on (\S+)$/m.exec(output)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      child.removeAllListeners("exit");
      resolve(url);
    });
  });
}
