import { rm } from "node:fs/promises";
import { isIP } from "node:net";
import pg from "pg";
import { EmbeddedPostgresError } from "../errors.ts";
import { findAccount } from "./account.ts";
import { prepareCluster, superuser } from "./cluster-directory.ts";
import { findPlace } from "./place.ts";
import { onFreePort, reservePort } from "./port.ts";
import { clearStalePidFile, type Server, startServer } from "./server.ts";

export interface EmbeddedOptions {
  /** Created when missing. Holds the database, its password and its log. */
  readonly dataDir: string;
  /** 0 for any free port. */
  readonly port: number;
  /** A loopback address. @default "127.0.0.1" */
  readonly host?: string;
  /** Erase what an earlier start left. @default false */
  readonly fresh?: boolean;
  /** Takes a line of progress for people. @default nothing is said */
  readonly log?: (line: string) => void;
}

export interface EmbeddedPostgres extends Server {
  /** Names the database `leasehold` and carries the password. */
  readonly url: string;
}

const database = "leasehold";
const connectTimeoutMs = 10_000;

/**
 * Starts a PostgreSQL of our own, for people who have none: a real server, created at the first
 * start and kept from then on. It outlives neither `stop()` nor this process, however that ends.
 *
 * @throws {EmbeddedPostgresError} the message says what is in the way.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const host = options.host ?? "127.0.0.1";
  if (!isLoopback(host)) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL listens on loopback only, not ${host}.`,
    );
  }
  const log = options.log ?? (() => undefined);
  const account = await findAccount(log);
  const place = await findPlace(options.dataDir, account, log);
  await clearStalePidFile(place.cluster);
  if (options.port !== 0) await reservePort(host, options.port);
  if (options.fresh === true) {
    await rm(place.cluster, { recursive: true, force: true });
    await rm(place.passwordFile, { force: true });
  }
  const password = await prepareCluster(place, account, log);
  const startOn = async (chosen: number) => ({
    port: chosen,
    server: await startServer(place, account, { host, port: chosen }),
  });
  const { port, server } =
    options.port === 0 ? await onFreePort(host, startOn) : await startOn(options.port);
  const authority = `${superuser}:${password}@${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  try {
    await createDatabase(`postgresql://${authority}/postgres`);
  } catch (error) {
    await server.stop();
    throw error;
  }
  log(`PostgreSQL ${place.binaries.version} listens on ${host}:${port} (pid ${server.pid})`);
  return { ...server, url: `postgresql://${authority}/${database}` };
}

const isLoopback = (host: string): boolean =>
  host === "::1" || (isIP(host) === 4 && host.startsWith("127."));

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: connectTimeoutMs,
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const found = await client.query("select from pg_database where datname = $1", [database]);
    if (found.rowCount === 0) await client.query(`create database ${database}`);
  } finally {
    await client.end();
  }
}
