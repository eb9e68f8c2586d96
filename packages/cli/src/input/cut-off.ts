import { CliError } from "../errors.ts";

/** The input ends before its end; what precedes that is whole. */
export class CutOff extends CliError {
  /** @param where it ends, as a phrase */
  constructor(where: string) {
    super(`the input is cut off: it ends ${where}`);
  }
}
