import { count, formatBytes, formatDuration } from "../terminal/format.ts";

/** What the demo has done so far. */
export interface DemoProgress {
  /** Milliseconds since it began. */
  readonly elapsedMs: number;
  /** Fragments that were acknowledged as PERSISTED. */
  readonly fragments: number;
  readonly bytes: number;
  /** Acknowledgements of all kinds. */
  readonly acks: number;
  /** Milliseconds from the newest fragment's end to its PERSISTED acknowledgement; undefined before there was one. */
  readonly lagMs: number | undefined;
}

/** `porch: 12.0 s, 4 fragments, 1.90 MB, 13 acks, lag 43 ms`: short, since a terminal of 80 columns cuts what is longer. */
export function describeProgress(stream: string, { elapsedMs, fragments, bytes, acks, lagMs }: DemoProgress): string {
  const lag = lagMs === undefined ? "-" : `${lagMs} ms`;
  const parts = [formatDuration(elapsedMs), count(fragments, "fragment"), formatBytes(bytes), count(acks, "ack")];
  return `${stream}: ${parts.join(", ")}, lag ${lag}`;
}
