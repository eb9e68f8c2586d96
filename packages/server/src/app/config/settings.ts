import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileProblem } from "./file-problem.ts";
import { flagOf, OPTIONS, type OptionKey, type Settings, variableOf } from "./options.ts";
import { closest } from "./unknown-variables.ts";

export { describeUnknown, unknownVariables } from "./unknown-variables.ts";

/** A setting is wrong; the message names where it came from and what was expected. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Where settings come from, strongest first: flags, then the environment, then the config file, then the defaults. */
export interface SettingSources {
  readonly flags?: Partial<Record<OptionKey, string>>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Path of a JSON file whose keys are option keys. */
  readonly configFile?: string | undefined;
  /** In the place of the options' own defaults. */
  readonly defaults?: Partial<Record<OptionKey, string>>;
}

const isKey = (key: string): key is OptionKey => Object.hasOwn(OPTIONS, key);

function hintFor(key: string): string {
  const meant = closest(key, Object.keys(OPTIONS));
  return meant === undefined ? "" : `; did you mean "${meant}"?`;
}

/** A config file is a few settings; one that is larger than this is some other file. */
const MAX_CONFIG_FILE_BYTES = 1 << 20;

function readConfigFile(path: string): Map<OptionKey, string> {
  let content: unknown;
  try {
    const text = readFileSync(path, "utf8");
    if (text.length > MAX_CONFIG_FILE_BYTES) throw new Error(`larger than ${MAX_CONFIG_FILE_BYTES} bytes`);
    content = JSON.parse(text);
  } catch (error) {
    const problem = error instanceof SyntaxError ? `expected JSON (${error.message})` : fileProblem(error);
    throw new ConfigError(`config file ${path}: ${problem}`, { cause: error });
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new ConfigError(`config file ${path}: expected a JSON object`);
  }
  const values = new Map<OptionKey, string>();
  for (const [key, value] of Object.entries(content)) {
    if (!isKey(key)) throw new ConfigError(`config file ${path}: unknown key "${key}"${hintFor(key)}`);
    if (typeof value !== "string" && typeof value !== "number") {
      throw new ConfigError(`config file ${path}: "${key}": expected a string or a number`);
    }
    values.set(key, String(value));
  }
  return values;
}

function parse(key: OptionKey, text: string, source: string): string | number | undefined {
  try {
    return OPTIONS[key].kind.parse(text);
  } catch (error) {
    throw new ConfigError(`${source}: ${(error as Error).message}, got "${text}"`, { cause: error });
  }
}

/** Resolves every option. Throws {@link ConfigError}. */
export function resolveSettings({ flags = {}, environment = {}, configFile, defaults = {} }: SettingSources): Settings {
  const path = configFile ?? environment.KVASS_CONFIG;
  const file = path === undefined || path === "" ? new Map<OptionKey, string>() : readConfigFile(path);
  const settings: Partial<Record<OptionKey, string | number | undefined>> = {};
  for (const key of Object.keys(OPTIONS) as OptionKey[]) {
    const flag = flags[key];
    const variable = environment[variableOf(key)];
    if (flag !== undefined) settings[key] = parse(key, flag, flagOf(key));
    else if (variable !== undefined && variable !== "") settings[key] = parse(key, variable, variableOf(key));
    else if (file.has(key)) settings[key] = parse(key, file.get(key)!, `config file ${path}: "${key}"`);
    else settings[key] = defaults[key] === undefined ? OPTIONS[key].default : parse(key, defaults[key], flagOf(key));
  }
  settings.data = settings.data === "" ? join(homedir(), ".kvass") : settings.data;
  const resolved = settings as Settings;
  if ((resolved.tlsCert === "") !== (resolved.tlsKey === "")) {
    throw new ConfigError("--tls-cert and --tls-key: expected both or neither");
  }
  return resolved;
}
