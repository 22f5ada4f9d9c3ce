import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { appendFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type EmbeddedPostgres, startEmbedded } from "@leasehold/db/embedded";
import pg from "pg";
import { createDatabaseDir } from "../../support/database-dir.ts";
import { freePorts } from "./launcher.ts";
import { findProcesses } from "./processes.ts";
import { waitUntil } from "./wait-until.ts";

const run = promisify(execFile);

/** A server that a test may break. It keeps its address over restarts. */
export class OwnPostgres {
  readonly port: number;
  readonly #dataDir: string;
  #server: Pick<EmbeddedPostgres, "pid" | "ended" | "stop"> | null = null;
  #url = "";

  private constructor(dataDir: string, port: number) {
    this.#dataDir = dataDir;
    this.port = port;
  }

  /** A new, empty one. */
  static async start(): Promise<OwnPostgres> {
    const postgres = await OwnPostgres.#place();
    await postgres.start();
    return postgres;
  }

  get url(): string {
    return this.#url;
  }

  /** The account that the server runs under. */
  get account(): { readonly uid: number; readonly gid: number } {
    return statSync(`/proc/${this.#server?.pid}`);
  }

  async start(): Promise<void> {
    const server = await startEmbedded({ dataDir: this.#dataDir, port: this.port });
    this.#server = server;
    this.#url = server.url;
  }

  /** `fast`: sessions are ended, then it stops. `immediate`: as a crash; it recovers at the next start. */
  async stop(mode: "fast" | "immediate" = "fast"): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    if (mode === "immediate") {
      process.kill(server.pid, "SIGQUIT");
      await server.ended;
    }
    await server.stop();
  }

  /** The same server again, with these variables: what its own start would not pass on. */
  async restartUnder(env: NodeJS.ProcessEnv): Promise<void> {
    const pid = this.#server?.pid;
    const [program = "", ...flags] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    const { uid, gid } = this.account;
    await this.stop();
    const child = spawn(program, flags.slice(0, -1), { uid, gid, env, stdio: "ignore" });
    const ended = once(child, "exit").then(() => undefined);
    const stop = async (): Promise<void> => {
      child.kill("SIGINT");
      await ended;
    };
    this.#server = { pid: child.pid ?? Number.NaN, ended, stop };
    await waitUntil("the server takes connections", () => this.query("select"));
  }

  /** One statement on a connection of its own. */
  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.#url, query_timeout: 10_000 });
    // What this very statement ends may be its own connection.
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(text, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  /** SIGSTOP to the postmaster and to every process that it has started; the guard goes on. */
  freeze(): void {
    this.#signal("SIGSTOP");
  }

  thaw(): void {
    this.#signal("SIGCONT");
  }

  /**
   * A streaming standby, made by a cold copy: this server stops for the copy, and starts again.
   * From then on each of its commits waits for the standby, unless said otherwise.
   */
  async addStandby(mode: "synchronous" | "asynchronous" = "synchronous"): Promise<OwnPostgres> {
    const url = new URL(this.#url);
    await this.stop();
    const standby = await OwnPostgres.#place();
    await run("cp", ["-a", `${this.#dataDir}/.`, standby.#dataDir]);
    const cluster = join(standby.#dataDir, "postgres");
    const from = `host=127.0.0.1 port=${this.port} user=${url.username} password=${url.password} application_name=standby`;
    // Over the copied file: its owner stays the account that the server runs under.
    await appendFile(join(cluster, "postgresql.auto.conf"), `primary_conninfo = '${from}'\n`);
    await run("cp", ["-a", join(cluster, "PG_VERSION"), join(cluster, "standby.signal")]);
    await writeFile(join(cluster, "standby.signal"), "");
    await this.start();
    await standby.start();
    if (mode === "asynchronous") return standby;
    await this.query("alter system set synchronous_standby_names = 'standby'");
    await this.query("select pg_reload_conf()");
    return standby;
  }

  /** The standby has all that was committed before this call. */
  async waitForStandby(): Promise<void> {
    const [now] = await this.query<{ lsn: string }>("select pg_current_wal_lsn()::text as lsn");
    await waitUntil("the standby has caught up", async () => {
      const [row] = await this.query<{ isThere: boolean }>(
        'select replay_lsn >= $1::pg_lsn as "isThere" from pg_stat_replication',
        [now?.lsn],
      );
      return row?.isThere;
    });
  }

  async promote(): Promise<void> {
    await this.query("select pg_promote()");
  }

  async destroy(): Promise<void> {
    if (this.#server !== null) this.thaw();
    await this.stop("immediate");
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  static async #place(): Promise<OwnPostgres> {
    const dataDir = await createDatabaseDir("own");
    return new OwnPostgres(dataDir, (await freePorts(1)) + 1);
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#server?.pid;
    const directory = join(this.#dataDir, "postgres");
    const own = findProcesses([directory]).filter(
      ({ pid: one, command }) => one === pid || command.startsWith("postgres:"),
    );
    for (const { pid: one } of own) signalIfThere(one, signal);
  }
}

/** A backend may end between being found and being signalled. */
function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
