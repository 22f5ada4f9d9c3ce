import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EmbeddedPostgresError } from "../errors.ts";
import type { Account } from "./account.ts";
import { postgresEnvironment, readIfExists } from "./cluster-directory.ts";
import type { Place } from "./place.ts";
import { becomesTrue, endPostmaster, isPostmasterOf, readPidFile } from "./postmaster.ts";

/** Recovery after a crash is part of the start. */
const startTimeoutMs = 120_000;
/** How long processes of a killed server may take to notice that it is gone. */
const orphansTimeoutMs = 10_000;
const orphansRemain = "is still in use";

const settings = {
  unix_socket_directories: "",
  fsync: "on",
  synchronous_commit: "on",
  max_connections: "200",
} as const;

/** A running server and the process that guards it. */
export interface Server {
  readonly pid: number;
  /** Fulfilled when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * A server that crashed leaves `postmaster.pid` behind; Postgres itself takes any living process of
 * that number for its predecessor, and in a container numbers come back soon.
 *
 * @throws {EmbeddedPostgresError} when a server already runs on this cluster.
 */
export async function clearStalePidFile(cluster: string): Promise<void> {
  const file = readPidFile(cluster);
  if (file === null) return;
  if (isPostmasterOf(file.pid, cluster)) {
    throw new EmbeddedPostgresError(
      `PostgreSQL already runs on ${cluster} (pid ${file.pid}). Stop what started it, ` +
        "or choose another data directory.",
    );
  }
  await rm(join(cluster, "postmaster.pid"), { force: true });
}

/** Starts the server and waits until it takes connections. */
export async function startServer(
  place: Place,
  account: Account | null,
  address: Address,
): Promise<Server> {
  await keepEarlierLog(place.logFile);
  const giveUpAt = performance.now() + orphansTimeoutMs;
  for (;;) {
    const postmaster = await launch(place, account, address);
    const guard = startGuard(postmaster, place.cluster);
    const stop = stopper(postmaster, guard);
    try {
      await becomeReady(postmaster, place);
      return { pid: pidOf(postmaster), ended: endOf(postmaster), stop };
    } catch (error) {
      await stop();
      const waits = error instanceof EmbeddedPostgresError && error.message.includes(orphansRemain);
      if (!waits || performance.now() > giveUpAt) throw error;
    }
  }
}

/** One earlier log is kept: it is the one that tells of a crash. */
async function keepEarlierLog(logFile: string): Promise<void> {
  await rename(logFile, `${logFile}.old`).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

async function launch(place: Place, account: Account | null, to: Address): Promise<ChildProcess> {
  const log = await open(place.logFile, "a", 0o600);
  try {
    const all = { ...settings, listen_addresses: to.host, port: String(to.port) };
    const flags = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const child = spawn(place.binaries.postgres, ["-D", place.cluster, ...flags], {
      ...account,
      cwd: place.home,
      env: postgresEnvironment,
      stdio: ["ignore", log.fd, log.fd],
      // A process group of its own: Ctrl-C reaches the launcher only, which stops Postgres last.
      detached: true,
    });
    await once(child, "spawn");
    return child;
  } catch (cause) {
    throw new EmbeddedPostgresError(`Cannot run ${place.binaries.postgres}: ${String(cause)}`, {
      cause,
    });
  } finally {
    await log.close();
  }
}

function startGuard(postmaster: ChildProcess, cluster: string): ChildProcess {
  const program = fileURLToPath(new URL("./guard.ts", import.meta.url));
  const guard = spawn(process.execPath, [program, String(postmaster.pid), cluster], {
    stdio: ["pipe", "ignore", "inherit"],
    detached: true,
  });
  // Neither the process nor its pipe keeps the launcher alive; they are there for when it is not.
  guard.unref();
  return guard;
}

const pidOf = (child: ChildProcess): number => child.pid ?? Number.NaN;
const hasExited = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null;

async function endOf(child: ChildProcess): Promise<void> {
  if (!hasExited(child)) await once(child, "exit");
}

function stopper(postmaster: ChildProcess, guard: ChildProcess): () => Promise<void> {
  let stopping: Promise<void> | null = null;
  const stop = async () => {
    await endPostmaster(pidOf(postmaster), () => hasExited(postmaster));
    guard.ref();
    guard.stdin?.destroy();
    await endOf(guard);
  };
  return () => (stopping ??= stop());
}

async function becomeReady(postmaster: ChildProcess, place: Place): Promise<void> {
  const isReady = () => {
    const file = readPidFile(place.cluster);
    return file?.pid === postmaster.pid && file?.status === "ready";
  };
  const settled = await becomesTrue(() => hasExited(postmaster) || isReady(), startTimeoutMs);
  if (settled && !hasExited(postmaster)) return;
  const lines = ((await readIfExists(place.logFile)) ?? "").trimEnd().split("\n");
  const what = settled ? "ended while it started" : `is not ready after ${startTimeoutMs} ms`;
  throw new EmbeddedPostgresError(
    `PostgreSQL ${what}. The end of ${place.logFile}:\n${lines.slice(-10).join("\n")}`,
  );
}
