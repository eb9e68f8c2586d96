import { spawn } from "node:child_process";
import { CliError, INTERRUPTED } from "../errors.ts";

interface Player {
  /** Arguments before the URL. */
  readonly args: readonly string[];
  /** The Debian package that brings it. */
  readonly debian: string;
}

const PLAYERS = {
  mpv: { args: ["--"], debian: "mpv" },
  ffplay: { args: ["-hide_banner", "-loglevel", "warning", "-i"], debian: "ffmpeg" },
  vlc: { args: ["--"], debian: "vlc" },
} as const satisfies Record<string, Player>;

/** A player that can be opened. */
export type PlayerName = keyof typeof PLAYERS;

export const PLAYER_NAMES: readonly string[] = Object.keys(PLAYERS);

/**
 * Opens a player and waits for its end; it has the terminal meanwhile, and ^C.
 * @returns the exit code for this command
 * @throws CliError where the player is not installed or cannot be started
 */
export function openPlayer(name: PlayerName, url: string): Promise<number> {
  const { args, debian } = PLAYERS[name];
  let isInterrupted = false;
  const onInterrupt = (): void => {
    isInterrupted = true;
  };
  process.on("SIGINT", onInterrupt);
  return new Promise<number>((resolve, reject) => {
    const child = spawn(name, [...args, url], { stdio: "inherit" });
    child.once("error", (cause: NodeJS.ErrnoException) => {
      const missing = `${name} is not installed; on Debian: apt-get install ${debian}`;
      reject(new CliError(cause.code === "ENOENT" ? missing : `${name}: ${cause.message}`, { cause }));
    });
    child.once("exit", (code, signal) => {
      if (isInterrupted) resolve(INTERRUPTED);
      else if (code === 0) resolve(0);
      else reject(new CliError(`${name} ended with ${code ?? signal}`));
    });
  }).finally(() => process.off("SIGINT", onInterrupt));
}
