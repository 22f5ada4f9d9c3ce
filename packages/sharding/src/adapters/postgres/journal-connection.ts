import type { Client, QueryConfig, QueryResult } from "pg";
import { StoreUnavailableError } from "../../errors.ts";
import type { Backend } from "../../ports/lease-session.ts";
import { type ConnectionOptions, newConnection, type RawConnection } from "./connection.ts";
import { plainSettings, readBack, setAll } from "./session-settings.ts";
import { terminateBackend } from "./sql/terminate-backend.ts";
import { leavesNoTrace, storeError } from "./sqlstate.ts";

/**
 * Of a table that nobody has analyzed the planner knows nothing: the key of positions and that of entities
 * look alike to it, and by the first one it would read all events of a shard for each command. The
 * statements ask for an order that only the right key has; sorting is what must not look like a bargain.
 */
export const journalPlanning = { enable_sort: "off" } as const;

/**
 * An append is planned once for any batch: for a batch of one a plan of its own looks cheaper to the server, which
 * then plans each of them, for longer than it runs.
 */
export const appendPlanning = {
  ...journalPlanning,
  plan_cache_mode: "force_generic_plan",
} as const;

/** A statement that the server plans once for the connection, and then only runs. */
export interface Prepared {
  readonly name: string;
  readonly text: string;
}

interface Live {
  readonly connection: RawConnection;
  readonly backend: Backend;
  readonly name: string;
}

/**
 * One connection for the appends of some shards, made when it is needed and made again when it is lost.
 *
 * A statement whose answer did not come may still run on the server. So a new connection ends its
 * predecessor's backend, and waits until it is gone, before it does anything else: whatever is read
 * here afterwards is the whole truth about what was sent here before.
 */
export class JournalConnection {
  readonly #options: Omit<ConnectionOptions, "applicationName">;
  #name = "journal";
  #live: Live | null = null;
  /** May still be running what this side gave up. */
  #predecessor: Backend | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: Omit<ConnectionOptions, "applicationName">) {
    this.#options = options;
  }

  /** From now on under this name: who claims a dead life's heads finds its connections by it. */
  rename(name: string): void {
    this.#name = name;
  }

  /** @throws {StoreUnavailableError} the outcome is unknown. The driver's error for a refused row. */
  query<R extends object>(
    doing: string,
    statement: string | Prepared,
    values: unknown[],
  ): Promise<R[]> {
    const given = typeof statement === "string" ? { text: statement } : statement;
    return this.#send<R>(doing, { ...given, values }).then(({ rows }) => rows);
  }

  /** The same for a statement that answers no rows. @returns how many it wrote. */
  run(doing: string, { name, text }: Prepared, values: unknown[]): Promise<number> {
    return this.#send(doing, { name, text, values }).then(({ rowCount }) => rowCount ?? 0);
  }

  #send<R extends object>(doing: string, config: QueryConfig): Promise<QueryResult<R>> {
    const answer = this.#last.then(() => this.#query<R>(doing, config));
    // The next statement follows whatever became of this one; who asked hears of a failure.
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const drop = setTimeout(() => this.#live?.connection.destroy(), this.#options.timeoutMs);
    await this.#last;
    await this.#leave();
    clearTimeout(drop);
  }

  async #query<R extends object>(doing: string, config: QueryConfig): Promise<QueryResult<R>> {
    const live = await this.#connect(doing);
    try {
      return await live.connection.client.query<R>(config);
    } catch (error) {
      if (!leavesNoTrace(error)) this.#giveUp(live);
      throw storeError(error, doing);
    }
  }

  async #connect(doing: string): Promise<Live> {
    if (this.#isClosed) throw new StoreUnavailableError("This journal was closed.");
    if (this.#live !== null && this.#live.name !== this.#name) await this.#leave();
    if (this.#live !== null) return this.#live;
    const applicationName = this.#name;
    const connection = newConnection({ ...this.#options, applicationName });
    // A lost connection is told by the statement that fails on it; an idle one is made again.
    connection.client.on("error", () => undefined);
    try {
      await connection.client.connect();
      const backend = await prepare(connection.client, applicationName, this.#options.timeoutMs);
      await this.#endPredecessor(connection.client);
      const live = { connection, backend, name: applicationName };
      connection.client.once("end", () => this.#lose(live));
      this.#live = live;
      return live;
    } catch (error) {
      connection.destroy();
      throw storeError(error, doing);
    }
  }

  async #endPredecessor(client: Client): Promise<void> {
    const { timeoutMs } = this.#options;
    const endMs = performance.now() + timeoutMs;
    while (this.#predecessor !== null) {
      const { pid, startedAt, applicationName } = this.#predecessor;
      const { rowCount } = await client.query(terminateBackend, [pid, startedAt, applicationName]);
      if (rowCount === 0) this.#predecessor = null;
      else if (performance.now() > endMs) {
        throw new StoreUnavailableError(`The backend ${pid} of this node did not end in time.`);
      } else await pause(endPollMs);
    }
  }

  /**
   * What was given up may hold its heads until its backend is ended, and the next owner of a shard waits
   * for them: so not only when something else is to be sent.
   */
  #giveUp(live: Live): void {
    this.#lose(live);
    // Where Postgres cannot be reached, whatever is sent next tries again.
    this.query("ending what was given up", "select", []).catch(() => undefined);
  }

  #lose(live: Live): void {
    live.connection.destroy();
    if (this.#live !== live) return;
    this.#live = null;
    this.#predecessor = live.backend;
  }

  /** Nothing is under way: a farewell is enough. */
  async #leave(): Promise<void> {
    const live = this.#live;
    if (live === null) return;
    this.#live = null;
    this.#predecessor = live.backend;
    // Nobody answers a farewell into a black hole.
    const drop = setTimeout(() => live.connection.destroy(), this.#options.timeoutMs);
    // A failing farewell means that the connection is gone already.
    await live.connection.client.end().catch(() => live.connection.destroy());
    clearTimeout(drop);
  }
}

const endPollMs = 5;

const pause = (delayMs: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });

async function prepare(
  client: Client,
  applicationName: string,
  timeoutMs: number,
): Promise<Backend> {
  const settings = {
    ...plainSettings(timeoutMs),
    default_transaction_isolation: "read committed",
    default_transaction_read_only: "off",
    // Again, because an address may name another one.
    application_name: applicationName,
    // Compiling a statement over hundreds of rows takes longer than running it.
    jit: "off",
    ...appendPlanning,
  };
  await setAll(client, settings);
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return await readBack(client, { application_name: applicationName }, rows[0]?.pid ?? 0);
}
