import { readFileSync } from "node:fs";

/** Of the times in /proc, on every Linux that has one (proc(5), sysconf(3)). */
const TICKS_PER_SECOND = 100;

/** Milliseconds of processor time, of all its threads, in user and kernel mode, that a process has used (proc(5)). */
export function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field, a name in brackets, may hold blanks and brackets.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

/** The processes that a process has started and that run (proc(5)). */
export function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return children === "" ? [] : children.split(" ").map(Number);
}
