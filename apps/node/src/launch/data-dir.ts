import { randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { LaunchError } from "./launch-error.ts";
import { type LockAttempt, tryLock } from "./lock-file.ts";

export interface DataDir {
  readonly path: string;
  readonly logs: string;
  /** An earlier launcher was killed: what it started may still be ending. */
  readonly wasAbandoned: boolean;
  /** Another launcher may use the directory from here on. */
  release(): Promise<void>;
}

/** @throws {LaunchError} when it cannot be used, or another launcher uses it. */
export async function openDataDir(asked: string): Promise<DataDir> {
  const path = resolve(asked);
  const logs = join(path, "logs");
  let lock: LockAttempt;
  try {
    await makeDirectory(path);
    await makeDirectory(logs);
    lock = await tryLock(join(path, "launcher.lock"));
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new LaunchError(`The data directory ${path} cannot be used (--data-dir): ${said}`, {
      cause,
    });
  }
  if (lock.tag === "held") {
    throw new LaunchError(
      `Another launcher (pid ${lock.pid}) runs on ${path}. Stop it, or choose another --data-dir.`,
    );
  }
  return { path, logs, wasAbandoned: lock.stale, release: () => lock.release() };
}

/** Not always recursive: below /proc that would try for ever, where a plain one says no. */
async function makeDirectory(path: string): Promise<void> {
  const recursive = !existsSync(dirname(path));
  await mkdir(path, { recursive }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST" || !statSync(path).isDirectory()) throw error;
  });
}

/**
 * A secret that only its owner can read, made at the first start.
 *
 * @param given from the environment; it wins and is not stored.
 */
export async function secretIn(
  dataDir: string,
  name: string,
  given: string | undefined,
): Promise<string> {
  if (given !== undefined && given !== "") return given;
  const file = join(dataDir, name);
  const made = `${randomBytes(24).toString("base64url")}\n`;
  await writeFile(file, made, { flag: "wx", mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  return (await readFile(file, "utf8")).trim();
}
