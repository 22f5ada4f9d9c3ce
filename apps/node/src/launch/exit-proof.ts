import { schemaNameOf } from "@leasehold/db";
import pg from "pg";

/** One process of a node that has ended, as its waiting parent knows it. */
export interface NodeExit {
  readonly nodeId: string;
  readonly pid: number;
  /** The life it announced last; null where it had none yet. */
  readonly incarnation: string | null;
}

/**
 * The waiter's proof of death: a parent that waited for a process knows that it has exited. The row lets
 * the coordinator move the node's shards without waiting out the lease.
 *
 * The pid decides. The announced incarnation counts too, because a lease names no process where the
 * system does not tell start times; it belongs to this pid by the channel that it came through.
 */
export class ExitRecorder {
  readonly #pool: pg.Pool;
  readonly #schema: string;

  constructor(databaseUrl: string, cluster: string, onError: (error: Error) => void) {
    this.#schema = pg.escapeIdentifier(schemaNameOf(cluster));
    this.#pool = new pg.Pool({
      connectionString: databaseUrl,
      application_name: "leasehold launcher",
      max: 2,
      // Kept open, so that the proof of a death is not delayed by a handshake.
      idleTimeoutMillis: 0,
      connectionTimeoutMillis: 5_000,
      query_timeout: 5_000,
      statement_timeout: 5_000,
      lock_timeout: 5_000,
      idle_in_transaction_session_timeout: 5_000,
      allowExitOnIdle: true,
    });
    this.#pool.on("error", onError);
  }

  /** Connects ahead of the first exit. */
  async warmUp(): Promise<void> {
    await this.#pool.query("select 1");
  }

  /** @returns the life that is proven to be over; null where the process held no lease, or gave it back. */
  async record(exit: NodeExit): Promise<string | null> {
    const { rows } = await this.#pool.query<{ incarnation: string }>(
      `insert into ${this.#schema}.exits (node_id, incarnation, pid)
       select node_id, incarnation, $2::int from ${this.#schema}.leases
       where node_id = $1 and state <> 'released'
         and (process_pid = $2::int or (process_pid is null and incarnation = $3::uuid))
       on conflict do nothing
       returning incarnation`,
      [exit.nodeId, exit.pid, exit.incarnation],
    );
    return rows[0]?.incarnation ?? null;
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
