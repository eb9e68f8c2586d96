import { type Logger, pino } from "pino";
import type { RecoverySummary } from "../storage/journal/file/recover.ts";
import type { Settings } from "./config/options.ts";
import { LogDestination } from "./log-destination.ts";

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
    new LogDestination(2),
  );
}

/** Says what a start found in the archive: nothing after a clean stop, recovered fragments after a crash, errors where files are missing. */
export function reportRecovery(recovery: RecoverySummary, log: Logger): void {
  const { scanned, fragments, lostSegments, lostRows, damagedSegments } = recovery;
  if (scanned > 0) log.info({ segments: scanned, fragments }, "read the journal through after a crash");
  if (lostSegments.length > 0)
    log.error({ segments: lostSegments, fragments: lostRows }, "segments of the journal are missing");
  if (damagedSegments.length > 0)
    log.error({ segments: damagedSegments }, "segments of the journal have damaged headers");
}
