import { readFileSync } from "node:fs";

/** What Linux tells of a process. */
export interface ProcStat {
  /** The program's name, cut to 15 characters; programs may set it. */
  readonly name: string;
  /** R, S, D: lives. T: stopped. Z: has ended, and its parent has not noticed. */
  readonly state: string;
  readonly parentPid: number;
  /** Clock ticks since boot: tells two processes with one number apart. */
  readonly startTime: string;
}

/** @returns null where there is no such process, and on systems without `/proc`. */
export function readProcStat(pid: number): ProcStat | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null;
  }
  // The second field is the program's name in parentheses, whatever that contains.
  const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
  const [state, parentPid, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startTime = rest[17];
  if (state === undefined || startTime === undefined) return null;
  return { name, state, parentPid: Number(parentPid), startTime };
}

/** Whether a process of this number runs. One that only waits to be noticed by its parent does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, under another account.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return readProcStat(pid)?.state !== "Z";
}
