import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { EmbeddedPostgresError } from "../errors.ts";

const run = promisify(execFile);

/** The system account that Postgres runs under, when it is not ours. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const accountName = "postgres";

/**
 * Postgres refuses to run as root. Started by root it runs as the account `postgres`, which is
 * created when the system has none.
 *
 * @returns `null` when Postgres can run as whoever we are.
 */
export async function findAccount(log: (line: string) => void): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null;
  const found = await lookUp();
  if (found !== null) return found;
  log(`creating the system account "${accountName}": Postgres does not run as root`);
  try {
    await run("useradd", ["--system", "--user-group", "--no-create-home", accountName]);
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `Postgres does not run as root, and the system account "${accountName}" could not be created. ` +
        "Start as another user, or set DATABASE_URL to use a server of your own.",
      { cause },
    );
  }
  const created = await lookUp();
  if (created === null) throw new EmbeddedPostgresError(`The account "${accountName}" is missing.`);
  return created;
}

async function lookUp(): Promise<Account | null> {
  try {
    const [uid, gid] = await Promise.all([
      run("id", ["-u", accountName]),
      run("id", ["-g", accountName]),
    ]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return null;
  }
}

/**
 * Whether the account reaches this directory or program: every directory above it must let it
 * through. Asked by trying, because mode bits are not the whole truth (lists, mounts).
 */
export function canReach(account: Account | null, path: string): boolean {
  if (account === null) return true;
  const shell = spawnSync("/bin/sh", ["-c", 'test -x "$1"', "sh", path], { ...account, cwd: "/" });
  return shell.status === 0;
}
