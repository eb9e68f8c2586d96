/** Writes docs/reference/options.md from the table of options; with `--check` fails where the page is out of date instead. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { flagOf, OPTIONS, type OptionKey, variableOf } from "../packages/server/src/app/config/options.ts";

const PAGE = join(import.meta.dirname, "../docs/reference/options.md");

const HEAD = `# Options of the server

<!-- Made by \`node scripts/options-page.ts\` from the table that the server itself reads. -->

Each option is a flag of \`kvass serve\`, an environment variable, and a key of the JSON file that \`--config FILE\` (or \`KVASS_CONFIG\`) names.
A flag wins over the environment, which wins over the file. Bytes take a binary unit (\`512MiB\`, \`20g\`). Such a file:

\`\`\`json
{
  "data": "/srv/kvass",
  "listen": "0.0.0.0:8443",
  "tlsCert": "/etc/kvass/chain.pem",
  "tlsKey": "/etc/kvass/key.pem",
  "maxBytes": "200GiB",
  "drainSeconds": 20
}
\`\`\`

The root credential is read from \`KVASS_ROOT_ACCESS_KEY_ID\` and \`KVASS_ROOT_SECRET_ACCESS_KEY\` ([what they may be](../operate/run.md#the-root-credential)), both or neither; without them from
\`root-credential.json\` in the data folder, which the first start makes.

| flag | environment | key | default | what it is |
|---|---|---|---|---|
`;

function defaultOf(key: OptionKey): string {
  const value: string | number | undefined = OPTIONS[key].default;
  if (key === "minFreeBytes") return "by volume";
  if (value === undefined) return "from `limits`";
  return value === "" ? "" : `\`${value}\``;
}

const rows = (Object.keys(OPTIONS) as OptionKey[]).map((key) => {
  const { kind, help } = OPTIONS[key];
  const flag = `${flagOf(key)} ${kind.placeholder}`.replaceAll("|", "\\|");
  return `| \`${flag}\` | \`${variableOf(key)}\` | \`${key}\` | ${defaultOf(key)} | ${help} |`;
});

const page = `${HEAD}${rows.join("\n")}\n`;
if (!process.argv.includes("--check")) {
  writeFileSync(PAGE, page);
} else if (readFileSync(PAGE, "utf8") !== page) {
  console.error("docs/reference/options.md is out of date: run `node scripts/options-page.ts`");
  process.exit(1);
}
