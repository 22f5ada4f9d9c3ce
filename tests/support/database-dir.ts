import { chmod, mkdtemp, readdir, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const memory = "/dev/shm";
/** All servers of a test run together take less. */
const neededBytes = 4 * 2 ** 30;

/**
 * An empty directory for the server of a test, in memory where there is room for it.
 *
 * A disk that somebody else writes to may take a second for a sync. No test is about that, and each whose leases last
 * a second would lose them. What a crash of the server keeps is the same in memory; the machine does not crash here.
 * `LEASEHOLD_TEST_ON_DISK=on` takes the disk all the same.
 *
 * @param purpose lower-case letters.
 */
export async function createDatabaseDir(purpose: string): Promise<string> {
  const parent = (await hasRoom()) ? memory : tmpdir();
  if (parent === memory) await removeLeftOvers();
  const directory = await mkdtemp(join(parent, `leasehold-${purpose}-${process.pid}-`));
  // Started by root, Postgres runs under another account, which has to reach its files.
  await chmod(directory, 0o711);
  return directory;
}

async function hasRoom(): Promise<boolean> {
  const { LEASEHOLD_TEST_ON_DISK } = process.env;
  if (LEASEHOLD_TEST_ON_DISK === "on") return false;
  try {
    const { bavail, bsize } = await statfs(memory);
    return bavail * bsize >= neededBytes;
  } catch {
    return false;
  }
}

/** Memory that runs which were killed would hold until the machine restarts. */
async function removeLeftOvers(): Promise<void> {
  for (const name of await readdir(memory)) {
    const pid = Number(/^leasehold-[a-z]+-(\d+)-/.exec(name)?.[1]);
    if (pid > 0 && !isRunning(pid)) await rm(join(memory, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
