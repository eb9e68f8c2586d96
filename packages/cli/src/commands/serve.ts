import { flagOf, OPTIONS, type OptionKey, variableOf } from "@kvass/server/options";
import { describeUnknown, resolveSettings, unknownVariables } from "@kvass/server/settings";
import { type Command, Option } from "commander";
import { untilInterrupted } from "../interruption.ts";

const KEYS = Object.keys(OPTIONS) as OptionKey[];

function optionOf(key: OptionKey): Option {
  const { kind, help, default: value } = OPTIONS[key];
  const fallback = value === undefined || value === "" ? "" : `; default ${value}`;
  return new Option(`${flagOf(key)} <${kind.placeholder}>`, `${help} [${variableOf(key)}${fallback}]`);
}

const FOOTER = `
Each option is also an environment variable (in brackets) and a key of the config file: --max-bytes is KVASS_MAX_BYTES and
"maxBytes". A flag wins over the environment, which wins over the file. The root credential is read from
KVASS_ROOT_ACCESS_KEY_ID (letters, digits, "_.-@+=:") and KVASS_ROOT_SECRET_ACCESS_KEY (ASCII without blanks), both or
neither; without them the first start makes a random one and keeps it in the data folder.`;

/** `kvass serve`: the server alone, until SIGINT or SIGTERM. */
export function configure(command: Command): void {
  command.option("--config <FILE>", "JSON file of settings [KVASS_CONFIG]");
  for (const key of KEYS) command.addOption(optionOf(key));
  command.addHelpText("after", FOOTER).action(serve);
}

const TERMINAL_DEFAULTS: Partial<Record<OptionKey, string>> = { logLevel: "warn" };

type Flags = Partial<Record<OptionKey, string>> & { readonly config?: string };

async function serve({ config, ...flags }: Flags): Promise<void> {
  // Whoever looks at a terminal is told what happens in words; JSON lines are for whatever collects them.
  const defaults = process.stderr.isTTY ? TERMINAL_DEFAULTS : {};
  const settings = resolveSettings({ flags, environment: process.env, configFile: config, defaults });
  for (const unknown of unknownVariables(process.env)) process.stderr.write(`kvass: ${describeUnknown(unknown)}\n`);
  const { weakCredential } = await import("@kvass/server/preflight");
  const weakness = weakCredential(settings, process.env);
  if (weakness !== undefined) process.stderr.write(`kvass: ${weakness}\n`);
  const { startOrExplain } = await import("../starting.ts");
  const interrupted = untilInterrupted();
  const server = await startOrExplain(settings);
  process.stdout.write(`kvass ready on ${server.url}\n`);
  await interrupted;
  await server.stop();
}
