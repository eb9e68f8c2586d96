import { InvalidArgumentError } from "commander";

/** Reads the hours of a retention from the command line. Throws commander's error for what is no whole number from 0 on. */
export function parseHours(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < 0) {
    throw new InvalidArgumentError("expected hours from 0 on");
  }
  return value;
}
