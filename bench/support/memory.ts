import { readFileSync } from "node:fs";

/** Bytes that the kernel accounts to a process (proc(5)): resident now, or resident at most so far. */
export function residentBytes(pid: number, field: "VmRSS" | "VmHWM"): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  if (match === null) throw new Error(`no ${field} of process ${pid}`);
  return Number(match[1]) * 1024;
}
