import { consoleSchemaNameOf, migrateConsole } from "@leasehold/db";
import { type SQL, sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import { Pool } from "pg";
import type { Log } from "../relay/log.ts";

/** How soon a server that could not be reached is tried again. @unit milliseconds */
const retryMs = 2000;
/** How soon one that refused is: somebody has to grant something first. @unit milliseconds */
const refusedRetryMs = 30_000;
/** Each statement is short by design; one that is not must not be what holds a row. @unit milliseconds */
export const statementMs = 5000;

/**
 * - `opening`: not reached yet.
 * - `ready`: the schema is there. Statements may still fail one by one.
 * - `refused`: the user may not create the schema, or a newer console made it: nothing is kept until that is mended.
 */
export type StoreState =
  | { readonly tag: "opening" | "ready" }
  | { readonly tag: "refused"; readonly why: string };

/** The store cannot be used now. Whoever writes keeps what it has, bounded, and tries again. */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
}

/**
 * The console's own schema: the only place that it writes to. Everything else it does without: a console that cannot
 * write shows the present and acts, and says that it keeps no history.
 */
export class ConsoleDatabase {
  readonly #options: { readonly url: string; readonly cluster: string };
  readonly #log: Log;
  readonly #pool: Pool;
  readonly #db: NodePgDatabase;
  readonly #schema: SQL;
  readonly #whenReady: (() => void)[] = [];
  #state: StoreState = { tag: "opening" };
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isStopped = false;

  constructor(url: string, cluster: string, log: Log) {
    this.#options = { url, cluster };
    this.#log = log;
    this.#schema = sql.identifier(consoleSchemaNameOf(cluster)).getSQL();
    this.#pool = new Pool({
      connectionString: url,
      max: 3,
      application_name: "leasehold-console-store",
      connectionTimeoutMillis: 2000,
      query_timeout: statementMs,
      statement_timeout: statementMs,
      lock_timeout: 1000,
      idle_in_transaction_session_timeout: statementMs,
    });
    // An idle connection that breaks is an event, not an exception: the next statement finds out.
    this.#pool.on("error", (error) => log("warn", "console store", { error: error.message }));
    this.#db = drizzle(this.#pool);
  }

  get state(): StoreState {
    return this.#state;
  }

  start(): void {
    this.#open().then(
      () => this.#opened(),
      (error: unknown) => this.#failed(error),
    );
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#pool.end();
  }

  /** Calls `then` once the schema is there, at once where it is. */
  onReady(then: () => void): void {
    if (this.#state.tag === "ready") then();
    else this.#whenReady.push(then);
  }

  /**
   * One autocommit statement.
   *
   * @param make gets the schema, to stand before each table: `` sql`select 1 from ${schema}.marks` ``.
   * @throws {StoreUnavailableError} while the schema is not there; the server's error otherwise.
   */
  async run<Row extends Record<string, unknown>>(make: (schema: SQL) => SQL): Promise<Row[]> {
    if (this.#state.tag !== "ready") {
      const why = this.#state.tag === "refused" ? this.#state.why : "Postgres is not reached yet.";
      throw new StoreUnavailableError(why);
    }
    const result = await this.#db.execute(make(this.#schema));
    return result.rows as Row[];
  }

  async #open(): Promise<void> {
    const client = await this.#pool.connect();
    try {
      await migrateConsole({ database: client, cluster: this.#options.cluster });
    } finally {
      client.release();
    }
  }

  #opened(): void {
    this.#state = { tag: "ready" };
    for (const then of this.#whenReady.splice(0)) then();
  }

  #failed(error: unknown): void {
    if (this.#isStopped) return;
    const why = error instanceof Error ? error.message : String(error);
    const isRefused = isRefusal(error);
    this.#state = isRefused ? { tag: "refused", why } : { tag: "opening" };
    this.#log("warn", "console store not ready", { error: why });
    this.#timer = setTimeout(() => this.start(), isRefused ? refusedRetryMs : retryMs);
  }
}

/** Insufficient privilege, or a schema that is not this version's: waiting alone mends neither. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? error.code : undefined;
  return code === "42501" || /^Schema|^Migration|^PostgresTooOld/.test(error.name);
}
