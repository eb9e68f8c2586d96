import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** References do next to nothing before they listen; one that has not spoken by then is broken. */
const READY_WITHIN_MS = 10_000;

/** A bench that fails must not leave a process behind that burdens the next. */
export function endWithBench(child: ChildProcess): void {
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
}

/** A reference program in a process of its own, run by the same node as the product. */
export class ReferenceProcess {
  readonly url: string;
  readonly process: ChildProcess;

  private constructor(url: string, process: ChildProcess) {
    this.url = url;
    this.process = process;
  }

  /** Starts `bench/references/NAME.ts`, which prints the URL that it listens on as its first line. */
  static async start(name: string): Promise<ReferenceProcess> {
    const script = join(import.meta.dirname, "../references", `${name}.ts`);
    const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    endWithBench(child);
    const timer = setTimeout(() => child.kill("SIGKILL"), READY_WITHIN_MS);
    const first = await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    clearTimeout(timer);
    const url = String(first[0]).trim();
    if (!url.startsWith("http://")) throw new Error(`reference ${name} did not start: ${url}`);
    return new ReferenceProcess(url, child);
  }

  async stop(): Promise<void> {
    const exited = once(this.process, "exit");
    this.process.kill("SIGTERM");
    await exited;
  }
}
