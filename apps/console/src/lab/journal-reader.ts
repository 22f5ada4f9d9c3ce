import { schemaNameOf } from "@leasehold/db";
import { sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import { Pool } from "pg";
import type { Log } from "../relay/log.ts";
import type { Head, JournalRow } from "./heads-watch.ts";

/** More events of one shard than this are not judged in one run. */
const rowLimit = 20_000;

/**
 * Looks at heads and journal for S4: single short statements, so that no snapshot is held and no vacuum waits for a run.
 */
export class JournalReader {
  readonly #pool: Pool;
  readonly #db: NodePgDatabase;
  readonly #schema: string;

  constructor(databaseUrl: string, cluster: string, log: Log) {
    this.#schema = schemaNameOf(cluster);
    this.#pool = new Pool({
      connectionString: databaseUrl,
      max: 1,
      application_name: "leasehold-console-lab",
      connectionTimeoutMillis: 1000,
      query_timeout: 1000,
      statement_timeout: 1000,
      lock_timeout: 500,
      idle_in_transaction_session_timeout: 1000,
      options: "-c default_transaction_read_only=on",
    });
    // An idle connection that breaks is an event, not an exception: the next read finds out.
    this.#pool.on("error", (error) => log("warn", "lab's reader", { error: error.message }));
    this.#db = drizzle(this.#pool);
  }

  /** @param shards numbers of the group `default`. @throws where Postgres does not answer within a second. */
  async heads(shards: readonly number[]): Promise<Head[]> {
    const schema = sql.identifier(this.#schema);
    const found = await this.#db.execute<{ shard: number; epoch: string; last_seq: string }>(sql`
      select shard, epoch, last_seq from ${schema}.heads
      where group_name = 'default' and shard in (${list(shards)})`);
    return found.rows.map((it) => ({
      shard: `default/${it.shard}`,
      epoch: Number(it.epoch),
      lastSeq: Number(it.last_seq),
    }));
  }

  /** The events after a position. @throws as {@link heads}. */
  async after({ shard, lastSeq }: Head): Promise<JournalRow[]> {
    const schema = sql.identifier(this.#schema);
    const number = Number(shard.split("/").at(-1));
    const found = await this.#db.execute<{ shard_seq: string; epoch: string }>(sql`
      select shard_seq, epoch from ${schema}.journal
      where group_name = 'default' and shard = ${number} and shard_seq > ${lastSeq}
      order by shard_seq limit ${rowLimit}`);
    return found.rows.map((it) => ({
      shard,
      shardSeq: Number(it.shard_seq),
      epoch: Number(it.epoch),
    }));
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

const list = (shards: readonly number[]) =>
  sql.join(
    shards.map((it) => sql`${it}`),
    sql`, `,
  );
