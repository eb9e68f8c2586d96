import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { describe, exitCodeOf } from "./errors.ts";

/** A verb of the command line. Its module is loaded when it is used, so that none pays for another's libraries. */
interface Verb {
  readonly name: string;
  /** Arguments as `kvass --help` shows them. */
  readonly usage: string;
  readonly summary: string;
  readonly group: string;
  /** `configure` adds arguments, options and the action. */
  load(): Promise<{ configure(command: Command): void }>;
}

const SERVER = "Server:";
const MEDIA = "Streams:";
const CARE = "Care:";

const VERBS: readonly Verb[] = [
  {
    name: "demo",
    usage: "",
    summary: "start a server and stream a synthetic camera into it",
    group: SERVER,
    load: () => import("./commands/demo.ts"),
  },
  {
    name: "serve",
    usage: "",
    summary: "start the server",
    group: SERVER,
    load: () => import("./commands/serve.ts"),
  },
  {
    name: "env",
    usage: "",
    summary: "print shell exports that point AWS SDKs and the AWS CLI at the running server",
    group: SERVER,
    load: () => import("./commands/env.ts"),
  },
  {
    name: "ls",
    usage: "[STREAM]",
    summary: "list streams, or the fragments of one",
    group: MEDIA,
    load: () => import("./commands/ls.ts"),
  },
  {
    name: "put",
    usage: "STREAM FILE|-",
    summary: "send a media file into a stream",
    group: MEDIA,
    load: () => import("./commands/put.ts"),
  },
  {
    name: "get",
    usage: "STREAM",
    summary: "save media of a stream as a Matroska file",
    group: MEDIA,
    load: () => import("./commands/get.ts"),
  },
  {
    name: "play",
    usage: "STREAM",
    summary: "print a URL that plays a stream, live or stored, and open a player",
    group: MEDIA,
    load: () => import("./commands/play.ts"),
  },
  {
    name: "clip",
    usage: "STREAM",
    summary: "save a range of a stream as an MP4 file",
    group: MEDIA,
    load: () => import("./commands/clip.ts"),
  },
  {
    name: "image",
    usage: "STREAM",
    summary: "save what was on the screen at a moment as JPEG or PNG",
    group: MEDIA,
    load: () => import("./commands/image.ts"),
  },
  {
    name: "retain",
    usage: "STREAM HOURS",
    summary: "change for how long a stream keeps its media",
    group: MEDIA,
    load: () => import("./commands/retain.ts"),
  },
  {
    name: "rm",
    usage: "STREAM",
    summary: "delete a stream with all its media",
    group: MEDIA,
    load: () => import("./commands/rm.ts"),
  },
  {
    name: "fsck",
    usage: "",
    summary: "verify every record of a data folder, or rebuild its index",
    group: CARE,
    load: () => import("./commands/fsck.ts"),
  },
  {
    name: "doctor",
    usage: "",
    summary: "check that this machine can run Kvass",
    group: CARE,
    load: () => import("./commands/doctor.ts"),
  },
];

const FOOTER = `
Try it:
  kvass demo                          a server with a camera in it
  kvass get demo-camera -o clip.mkv   save what the camera has sent
  eval "$(kvass env)"; aws --endpoint-url "$AWS_ENDPOINT_URL" kinesisvideo list-streams

kvass VERB --help says more about one verb.`;

function version(): string {
  const manifest = readFileSync(join(import.meta.dirname, "../package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

function newProgram(): Command {
  const program = new Command("kvass")
    .description("A server that speaks Amazon Kinesis Video Streams, and the tools around it.")
    .usage("VERB [options]")
    .version(version(), "--version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .addHelpText("after", FOOTER)
    .configureHelp({
      subcommandTerm: (command) => `${command.name()} ${usageOf(command.name())}`.trimEnd(),
      subcommandDescription: (command) => command.summary(),
    });
  // Commander would exit by itself; `run` decides about the exit code, and about the one line of an error.
  return program.exitOverride().configureOutput({ outputError: () => {} });
}

const usageOf = (name: string): string => VERBS.find((verb) => verb.name === name)?.usage ?? "";

/** `kvass help` and `kvass help VERB` are what the habit of other tools makes people write. */
function normalize(args: readonly string[]): readonly string[] {
  const [first, name] = args;
  if (first !== "help") return args;
  if (name === undefined) return ["--help"];
  return VERBS.some((verb) => verb.name === name) ? [name, "--help"] : [name];
}

/** Where the command line itself is not understood: what would tell how it is written. */
function helpFor(error: unknown, args: readonly string[]): string {
  if (!(error instanceof CommanderError) || error.code === "commander.invalidArgument") return "";
  // It has named what was probably meant.
  if (error.message.includes("Did you mean")) return "";
  const verb = VERBS.find(({ name }) => name === args.find((argument) => !argument.startsWith("-")));
  return verb === undefined ? "; kvass --help lists what there is" : `; kvass ${verb.name} --help tells what it takes`;
}

/** Runs one command line and resolves with its exit code. Errors become one line on stderr. */
export async function run(given: readonly string[]): Promise<number> {
  const args = normalize(given);
  const program = newProgram();
  try {
    const chosen = args.find((argument) => !argument.startsWith("-"));
    for (const verb of VERBS) {
      const command = program.command(verb.name).summary(verb.summary).description(verb.summary).helpGroup(verb.group);
      command.copyInheritedSettings(program).helpOption("-h, --help", "print help");
      if (verb.name === chosen) (await verb.load()).configure(command);
    }
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    process.stderr.write(`kvass: ${describe(error)}${helpFor(error, args)}\n`);
    return exitCodeOf(error);
  }
}
