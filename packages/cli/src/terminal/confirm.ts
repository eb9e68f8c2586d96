import { createInterface } from "node:readline";
import { CliError, USAGE } from "../errors.ts";

/** Where a question is asked and answered. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/**
 * Asks whether to go on with what cannot be undone, as `consequence` says; `isAgreed` is the `--yes` of the command line. Throws {@link CliError}
 * where the answer is no, and where there is nobody to ask.
 */
export async function confirm(
  consequence: string,
  isAgreed: boolean,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  if (isAgreed) return;
  if (input.isTTY !== true || output.isTTY !== true) {
    throw new CliError(`${consequence}; --yes does it without asking`, { exitCode: USAGE });
  }
  output.write(`${consequence}. Go on? [y/N] `);
  // The terminal edits the line, and ^C ends the process.
  const lines = createInterface({ input, terminal: false });
  const answer = await new Promise<string>((resolve) => {
    lines.once("line", resolve);
    lines.once("close", () => resolve(""));
  });
  lines.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliError("nothing was done");
}
