import { type Logger, pino } from "pino";
import type { Settings } from "./config/options.ts";

/** Names under which a secret could travel in a logged object: their values are never written. */
const SECRETS = ["authorization", "secretAccessKey", "sessionToken", "x-amz-security-token", "dataKey", "tlsKey"];

/** The process's log: one JSON object a line, on standard error, so that standard output stays for what a command answers. */
export function createLog(level: Settings["logLevel"]): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRETS.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: "[secret]" },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
