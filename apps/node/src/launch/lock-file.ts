import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { isRunning, readProcStat } from "../proc-stat.ts";

/**
 * Keeps a second launcher out of a directory.
 *
 * The file names the process that holds it: number and start time, because numbers come back. A file
 * whose process is gone is taken over. It appears whole or not at all (link), so no reader sees half.
 */
export type LockAttempt =
  | { readonly tag: "taken"; readonly stale: boolean; release(): Promise<void> }
  | { readonly tag: "held"; readonly pid: number };

interface Holder {
  readonly pid: number;
  /** As the kernel tells it; null where it does not. */
  readonly startTime: string | null;
}

export async function tryLock(file: string): Promise<LockAttempt> {
  const own = `${file}.${randomUUID()}`;
  await writeFile(own, JSON.stringify(holderOf(process.pid)), { mode: 0o600 });
  try {
    return await linkOrTakeOver(own, file);
  } finally {
    await rm(own, { force: true });
  }
}

async function linkOrTakeOver(own: string, file: string): Promise<LockAttempt> {
  const release = (): Promise<void> => rm(file, { force: true });
  for (;;) {
    if (await tryLink(own, file)) return { tag: "taken", stale: false, release };
    const found = await readIfThere(file);
    if (found === null) continue;
    const holder = parseHolder(found);
    if (isHeldBy(holder)) return { tag: "held", pid: holder.pid };
    if (await takeOver(own, file, found)) return { tag: "taken", stale: true, release };
  }
}

/** Several may find the same stale file: only who has the claim may replace it, and only that file. */
async function takeOver(own: string, file: string, found: string): Promise<boolean> {
  const claim = `${file}.claim`;
  if (!(await tryLink(own, claim))) {
    const claimant = await readIfThere(claim);
    const isAbandoned = claimant !== null && !isHeldBy(parseHolder(claimant));
    if (isAbandoned) await rm(claim, { force: true });
    else await pause(5);
    return false;
  }
  try {
    if ((await readIfThere(file)) !== found) return false;
    await rename(own, file);
    return true;
  } finally {
    await rm(claim, { force: true });
  }
}

async function tryLink(own: string, file: string): Promise<boolean> {
  try {
    await link(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

const holderOf = (pid: number): Holder => ({
  pid,
  startTime: readProcStat(pid)?.startTime ?? null,
});

const isHeldBy = (holder: Holder | null): holder is Holder =>
  holder !== null && isRunning(holder.pid) && holderOf(holder.pid).startTime === holder.startTime;

function parseHolder(text: string | null): Holder | null {
  try {
    const { pid, startTime } = JSON.parse(text ?? "") as Partial<Holder>;
    return typeof pid === "number" ? { pid, startTime: startTime ?? null } : null;
  } catch {
    // Not written by a launcher: nobody holds it.
    return null;
  }
}

const readIfThere = (file: string): Promise<string | null> =>
  readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
