import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { EmbeddedPostgresError } from "../errors.ts";
import type { Account } from "./account.ts";
import type { Place } from "./place.ts";
import { isAlive } from "./postmaster.ts";

const run = promisify(execFile);
const initTimeoutMs = 120_000;
const unfinished = /^postgres\.init-(?<pid>\d+)$/;

export const superuser = "postgres";

const { PATH } = process.env;
/** What Postgres may see of our environment: nothing that begins with PG, and one language. */
export const postgresEnvironment: NodeJS.ProcessEnv = { PATH, LC_ALL: "C" };

/**
 * Creates the database cluster unless it exists, and answers its password.
 *
 * `initdb` works beside the final place and its result is renamed into it, so a cluster is either
 * whole or absent, however an earlier start ended.
 */
export async function prepareCluster(
  place: Place,
  account: Account | null,
  log: (line: string) => void,
): Promise<string> {
  await removeUnfinished(place.home);
  const version = await readIfExists(join(place.cluster, "PG_VERSION"));
  if (version === null) {
    const password = await createPassword(place, account);
    log(`creating a PostgreSQL ${place.binaries.version} database cluster in ${place.cluster}`);
    await initialize(place, account);
    return password;
  }
  const major = place.binaries.version.split(".", 1)[0];
  if (version.trim() !== major) {
    throw new EmbeddedPostgresError(
      `${place.cluster} was made by PostgreSQL ${version.trim()}, and PostgreSQL ${major} is installed. ` +
        "Start with --fresh to begin with an empty database, or choose another data directory.",
    );
  }
  const password = await readIfExists(place.passwordFile);
  if (password === null) {
    throw new EmbeddedPostgresError(
      `${place.cluster} exists, and its password file ${place.passwordFile} does not. ` +
        "Put the file back, or start with --fresh to begin with an empty database.",
    );
  }
  return password.trim();
}

async function initialize(place: Place, account: Account | null): Promise<void> {
  const directory = `${place.cluster}.init-${process.pid}`;
  await mkdir(directory, { mode: 0o700 });
  if (account !== null) await chown(directory, account.uid, account.gid);
  try {
    await run(
      place.binaries.initdb,
      [
        `--pgdata=${directory}`,
        `--username=${superuser}`,
        `--pwfile=${place.passwordFile}`,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        // The order of strings must not depend on the machine's libraries.
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
      ],
      { ...account, cwd: place.home, env: postgresEnvironment, timeout: initTimeoutMs },
    );
    await rename(directory, place.cluster);
  } catch (cause) {
    await rm(directory, { recursive: true, force: true });
    const said = (cause as { stderr?: string }).stderr?.trim() || String(cause);
    throw new EmbeddedPostgresError(`Cannot create ${place.cluster}: ${said}`, { cause });
  }
}

/** Two starts at once agree on one password: the file is created only where there is none. */
async function createPassword(place: Place, account: Account | null): Promise<string> {
  const flags = { mode: 0o600, flag: "wx" };
  await writeFile(place.passwordFile, `${randomBytes(24).toString("base64url")}\n`, flags).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    },
  );
  // initdb reads it under the account of Postgres.
  if (account !== null) await chown(place.passwordFile, account.uid, account.gid);
  return (await readFile(place.passwordFile, "utf8")).trim();
}

async function removeUnfinished(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    const { pid } = unfinished.exec(name)?.groups ?? {};
    if (pid === undefined) continue;
    // In a container our own number may be that of the start that was cut short.
    const isAnothers = Number(pid) !== process.pid && isAlive(Number(pid));
    if (isAnothers) continue;
    await rm(join(home, name), { recursive: true, force: true });
  }
}

export async function readIfExists(file: string): Promise<string | null> {
  return await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
}
