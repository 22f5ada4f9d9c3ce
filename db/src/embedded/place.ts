import { createHash } from "node:crypto";
import { cp, mkdir, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { EmbeddedPostgresError } from "../errors.ts";
import { type Account, canReach } from "./account.ts";
import { type Binaries, binariesIn, findBinaries } from "./binaries.ts";

/** Where a server lives: what it runs and where it keeps its files. */
export interface Place {
  /** Holds the database cluster, its password and its log. */
  readonly home: string;
  /** The database cluster ("data directory" in Postgres' words). */
  readonly cluster: string;
  readonly passwordFile: string;
  readonly logFile: string;
  readonly binaries: Binaries;
}

/** A system directory that every account can reach. Used only by root. */
const systemDirectory = "/var/lib/leasehold";

/**
 * Everything is in the data directory, unless root started us from a place that is closed to the
 * account Postgres runs under (a checkout below /root). Then the files go to `/var/lib/leasehold`:
 * opening root's directories to others is not ours to do.
 */
export async function findPlace(
  dataDir: string,
  account: Account | null,
  log: (line: string) => void,
): Promise<Place> {
  const asked = resolve(dataDir);
  await mkdir(asked, { recursive: true });
  const binaries = await findBinaries();
  if (!canReach(account, asked)) {
    const home = join(
      systemDirectory,
      createHash("sha256").update(asked).digest("hex").slice(0, 12),
    );
    log(`the account that runs Postgres cannot reach ${asked}; its files are in ${home}`);
    await makeReachable(home, asked, account);
    return placeIn(home, await reachableBinaries(binaries, account));
  }
  return placeIn(asked, await reachableBinaries(binaries, account));
}

const placeIn = (home: string, binaries: Binaries): Place => ({
  home,
  cluster: join(home, "postgres"),
  passwordFile: join(home, "postgres-password"),
  logFile: join(home, "postgres.log"),
  binaries,
});

async function makeReachable(home: string, asked: string, account: Account | null): Promise<void> {
  let cause: unknown;
  try {
    await mkdir(home, { recursive: true, mode: 0o755 });
  } catch (error) {
    cause = error;
  }
  if (cause === undefined && canReach(account, home)) return;
  throw new EmbeddedPostgresError(
    `Postgres does not run as root, its account cannot reach ${asked}, and ${home} cannot be used instead. ` +
      "Choose a data directory that every user can reach (--data-dir /srv/leasehold), " +
      "start as another user, or set DATABASE_URL to use a server of your own.",
    { cause },
  );
}

/** Copies the installation where the account reaches it, once per version. */
async function reachableBinaries(found: Binaries, account: Account | null): Promise<Binaries> {
  if (canReach(account, found.postgres)) return found;
  const root = join(systemDirectory, `postgresql-${found.version}`);
  const copied = binariesIn(root, found.version);
  if (!(await exists(root))) {
    const partial = `${root}.${process.pid}`;
    await makeReachable(partial, found.root, account);
    await cp(found.root, partial, { recursive: true, verbatimSymlinks: true });
    // One step from nothing to complete: a copy that was cut short is never taken for whole.
    await rename(partial, root).catch(async (error: NodeJS.ErrnoException) => {
      await rm(partial, { recursive: true, force: true });
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  }
  return copied;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
}
