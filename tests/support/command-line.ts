import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { CREDENTIALS } from "./server.ts";

const ENTRY = join(import.meta.dirname, "../../packages/cli/src/main.ts");
/** No command of the tests takes longer, however busy the machine is. */
const ENDS_WITHIN_MS = 60_000;

/** What a program left behind. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A program under way. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** How to start a program. */
export interface StartOptions {
  /** What it reads from standard input. */
  readonly input?: Buffer | undefined;
  readonly cwd?: string;
  /** Added to the few variables that every program gets. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds after which it is killed, where it takes longer than any command should. */
  readonly endsWithinMs?: number;
}

/** Starts a program; it is killed when it does not end in time. */
export function start(command: string, args: readonly string[], options: StartOptions = {}): Running {
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "pipe"],
    cwd: options.cwd,
    env: {
      PATH: process.env.PATH,
      HOME: "/nonexistent",
      KVASS_ROOT_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      KVASS_ROOT_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      ...options.environment,
    },
  });
  const stdout: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.on("error", () => {});
  child.stdin.end(options.input);
  const timer = setTimeout(() => child.kill("SIGKILL"), options.endsWithinMs ?? ENDS_WITHIN_MS);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => {
      clearTimeout(timer);
      resolve({ status, stdout: Buffer.concat(stdout), stderr });
    });
  });
  return { process: child, ended };
}

/** Runs `kvass` to its end. */
export const kvass = (args: readonly string[], input?: Buffer): Promise<Ended> => startKvass(args, input).ended;

/** Starts `kvass`. */
export const startKvass = (args: readonly string[], input?: Buffer, options: StartOptions = {}): Running =>
  start(process.execPath, [ENTRY, ...args], { ...options, input });

/** Runs a program to its end and returns what it wrote to stdout. Rejects with its standard error where it fails. */
export async function output(command: string, args: readonly string[]): Promise<Buffer> {
  const { status, stdout, stderr } = await start(command, args).ended;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}

/** Twelve seconds with B-frames, open groups of pictures allowed, and audio that ends later than the video: what files from the shelf are like. */
export async function makeRecording(file: string): Promise<void> {
  await output("ffmpeg", [
    ...["-v", "error", "-y"],
    ...["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=12"],
    ...["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=12.5"],
    ...["-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "50", "-c:a", "aac", file],
  ]);
}
