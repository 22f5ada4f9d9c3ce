import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { EmbeddedPostgresError } from "../errors.ts";

/**
 * What is known from outside about a server: its first process (the postmaster) and the file
 * `postmaster.pid` that it keeps in its cluster directory. Imports only Node, because the guard
 * process loads it.
 */

const pollMs = 20;
/** How long each way of asking may take before the next, harder one. */
const fastShutdownMs = 10_000;
const immediateShutdownMs = 7_000;
const killMs = 3_000;

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

export interface PidFile {
  readonly pid: number;
  /** What the postmaster last said about itself: `starting`, `ready`, `stopping`. */
  readonly status: string;
}

/** @returns `null` when no server runs, or the one that ran ended in order. */
export function readPidFile(cluster: string): PidFile | null {
  let lines: string[];
  try {
    lines = readFileSync(join(cluster, "postmaster.pid"), "utf8").split("\n");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const pid = Number(lines[0]);
  return Number.isInteger(pid) && pid > 0 ? { pid, status: lines[7]?.trim() ?? "" } : null;
}

/**
 * Whether that process is a postmaster of this cluster. A number in a file that a crash left behind
 * may by now belong to anybody.
 */
export function isPostmasterOf(pid: number, cluster: string): boolean {
  if (!isAlive(pid)) return false;
  const directory = realpathSync(cluster);
  if (process.platform === "linux") {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === directory;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // ENOENT: it has just ended. EACCES: another user's, so not one that we started.
      if (code === "ENOENT" || code === "ESRCH" || code === "EACCES") return false;
      throw error;
    }
  }
  const command = execFileSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" });
  return command.includes(directory);
}

/**
 * Stops a server and waits until it is gone: `fast` (sessions are ended, nothing is lost), then
 * `immediate` (it recovers at the next start), then by force.
 *
 * @throws {EmbeddedPostgresError} when it outlives all three.
 */
export async function endPostmaster(pid: number, hasEnded: () => boolean): Promise<void> {
  for (const [signal, waitMs] of [
    ["SIGINT", fastShutdownMs],
    ["SIGQUIT", immediateShutdownMs],
    ["SIGKILL", killMs],
  ] as const) {
    if (hasEnded()) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
    if (await becomesTrue(hasEnded, waitMs)) return;
  }
  throw new EmbeddedPostgresError(`PostgreSQL (pid ${pid}) is still there after SIGKILL.`);
}

/** Asks again and again until the answer is yes, or the time is over. */
export async function becomesTrue(condition: () => boolean, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > end) return false;
    await delay(pollMs);
  }
  return true;
}
