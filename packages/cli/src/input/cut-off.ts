import { CliError } from "../errors.ts";

/** The input ends before its own index says; what precedes that is whole. */
export class CutOff extends CliError {
  constructor() {
    super("the input is cut off: it ends before the end that its index tells");
  }
}
