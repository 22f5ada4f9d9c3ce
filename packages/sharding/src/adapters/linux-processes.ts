import { readFileSync, readlinkSync } from "node:fs";
import type { ProcessIdentity } from "../ports/lease-session.ts";
import type { ProcessTable } from "../ports/processes.ts";

/** The process table of Linux, read from /proc. On other systems it proves nothing. */
export function createLinuxProcesses(): ProcessTable {
  const self = readSelf();
  const seenAlive = new Set<string>();
  const isNeighbour = (other: ProcessIdentity): boolean =>
    self !== null && other.bootId === self.bootId && other.pidNamespace === self.pidNamespace;

  return {
    self: () => self,
    observe(process) {
      if (isNeighbour(process) && readStat(process.pid)?.startTime === process.startTime) {
        seenAlive.add(keyOf(process));
      }
    },
    isGone(process) {
      if (!isNeighbour(process) || !seenAlive.has(keyOf(process))) return false;
      const stat = readStat(process.pid);
      return stat === null || stat.startTime !== process.startTime;
    },
  };
}

const keyOf = (process: ProcessIdentity): string => `${process.pid} ${process.startTime}`;

function readSelf(): ProcessIdentity | null {
  try {
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const pidNamespace = readlinkSync("/proc/self/ns/pid");
    const stat = readStat(process.pid);
    return stat === null
      ? null
      : { bootId, pidNamespace, pid: process.pid, startTime: stat.startTime };
  } catch {
    // Not Linux, or /proc is not mounted: leases then end by release or by watching only.
    return null;
  }
}

/** @returns null when there is no such process. @throws for any other trouble than that. */
function readStat(pid: number): { readonly startTime: string } | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ESRCH") return null;
    throw error;
  }
  // The name in parentheses may hold spaces and parentheses: fields are counted after the last one.
  // Start time is field 22 of proc(5), the 20th after the name.
  const startTime = text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  return startTime === undefined ? null : { startTime };
}
