import type { Duplex } from "node:stream";
import { Pool } from "pg";
import type { LogFn } from "../../node-api.ts";
import { baseConfig, type ConnectionOptions, newSocket, startupOptions } from "./connection.ts";
import { refusesStartup, storeError } from "./sqlstate.ts";

export interface StorePoolOptions extends ConnectionOptions {
  readonly max: number;
  /** More settings of each connection. A pooler may refuse them, so that nothing may rest on them but speed. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly log: LogFn;
}

/**
 * Pooled connections for statements that stand alone (each its own transaction).
 *
 * Each connection carries its timeouts as parameters of its start. A pooler that refuses those
 * (pgbouncer does, by default) is allowed here: then the connections go without, which is said
 * once, and the client's own timeout still ends a statement that nobody answers.
 */
export class StorePool {
  readonly #options: StorePoolOptions;
  readonly #sockets = new Set<Duplex>();
  #pool: Pool;
  #isPlain = false;

  constructor(options: StorePoolOptions) {
    this.#options = options;
    this.#pool = this.#newPool(startupOptions(options.timeoutMs, options.settings));
  }

  /** @throws {StoreUnavailableError | StoreUnsuitableError} or the driver's error for a refused row. */
  async query<R extends object>(doing: string, text: string, values: unknown[]): Promise<R[]> {
    const pool = this.#pool;
    try {
      const { rows } = await pool.query<R>(text, values);
      return rows;
    } catch (error) {
      if (!refusesStartup(error)) throw storeError(error, doing);
      await this.#goPlain(pool, error);
      return await this.query(doing, text, values);
    }
  }

  /** Ends every connection; the ones that do not answer are dropped after the timeout. */
  async close(): Promise<void> {
    const pool = this.#pool;
    if (pool.ending) return;
    const drop = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, this.#options.timeoutMs);
    await pool.end();
    clearTimeout(drop);
  }

  async #goPlain(refused: Pool, why: unknown): Promise<void> {
    if (this.#pool !== refused) return;
    if (this.#isPlain) throw storeError(why, "connecting");
    this.#isPlain = true;
    this.#pool = this.#newPool(undefined);
    this.#options.log(
      "warn",
      "The pooler behind the database's address refuses startup parameters, so the server enforces no " +
        "timeouts on pooled connections. Set statement_timeout, lock_timeout and " +
        "idle_in_transaction_session_timeout on the role (alter role ... set ...).",
      { why: why instanceof Error ? why.message : String(why) },
    );
    await refused.end();
  }

  #newPool(options: string | undefined): Pool {
    const pool = new Pool({
      ...baseConfig(this.#options),
      ...(options === undefined ? {} : { options }),
      max: this.#options.max,
      stream: () => {
        const socket = newSocket(this.#options.stream);
        this.#sockets.add(socket);
        socket.once("close", () => this.#sockets.delete(socket));
        return socket;
      },
    });
    // An idle connection that ends is replaced by the next statement; without a listener its error
    // would end the process.
    pool.on("error", (error) => {
      this.#options.log("debug", "An idle pooled connection has ended.", { why: error.message });
    });
    return pool;
  }
}
