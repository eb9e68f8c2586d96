import { randomInt } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/** Length of the versions that Kinesis Video Streams gives; 20 alphanumerics are 119 random bits, so no two are ever equal. */
const VERSION_LENGTH = 20;

/** A new value for a stream's version: 20 random alphanumerics. */
export function newVersion(): string {
  let version = "";
  for (let i = 0; i < VERSION_LENGTH; i++) version += ALPHABET[randomInt(ALPHABET.length)];
  return version;
}
