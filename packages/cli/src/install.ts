import { spawnSync } from "node:child_process";
import { CliError } from "./errors.ts";

const isRoot = (): boolean => process.getuid?.() === 0;
const succeeds = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0;

/** The command before `apt-get` that makes installing possible without a question; undefined where this user may not. */
function privilege(): readonly string[] | undefined {
  if (isRoot()) return [];
  return succeeds("sudo", ["-n", "true"]) ? ["sudo", "-n"] : undefined;
}

/**
 * Installs Debian packages, with apt's own output on stderr. Throws {@link CliError} that says what to do where there is no apt,
 * this user may not, or apt fails.
 */
export function aptInstall(packages: readonly string[], purpose: string): void {
  const wanted = packages.join(" ");
  const advice = `${purpose} needs ${wanted}; as root: apt-get install ${wanted}`;
  const before = privilege();
  if (!succeeds("apt-get", ["--version"]) || before === undefined) throw new CliError(advice);
  process.stderr.write(`kvass: installing ${wanted}\n`);
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...packages]]) {
    const [command, ...rest] = [...before, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", ...args];
    const { status } = spawnSync(command!, rest, { stdio: ["ignore", 2, 2] });
    // An outdated list may still have what is wanted.
    if (status !== 0 && args[0] === "install") throw new CliError(`apt-get failed: ${advice}`);
  }
}
