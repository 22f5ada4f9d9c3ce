import { schemaNameOf } from "@leasehold/db";
import { emptyCluster } from "@leasehold/sharding/observe";
import { sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import { Pool } from "pg";
import type { RawEntry } from "./authority.ts";
import type { Hub } from "./hub.ts";
import type { Log } from "./log.ts";

/** How often the table is asked when nobody hints. @unit milliseconds */
const pollEveryMs = 500;
const pageSize = 1000;
/** How much of the past the console shows at first. */
const pastEntries = 2000;

/**
 * Follows the cluster log in Postgres, so that the console knows the authority when no node can tell
 * it. Reads only, one statement at a time, each bounded: it must never be what an operator looks for
 * in a lock graph.
 */
export class TableTail {
  readonly #hub: Hub;
  readonly #log: Log;
  readonly #pool: Pool;
  readonly #db: NodePgDatabase;
  readonly #schema: string;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isStopped = false;

  constructor(hub: Hub, databaseUrl: string, log: Log) {
    this.#hub = hub;
    this.#log = log;
    this.#schema = schemaNameOf(hub.config.cluster);
    this.#pool = new Pool({
      connectionString: databaseUrl,
      max: 2,
      application_name: "leasehold-console",
      connectionTimeoutMillis: 2000,
      query_timeout: 2000,
      statement_timeout: 2000,
      lock_timeout: 1000,
      idle_in_transaction_session_timeout: 2000,
      options: "-c default_transaction_read_only=on",
    });
    // An idle connection that breaks is an event, not an exception: the next read finds out.
    this.#pool.on("error", (error) => log("warn", "postgres connection", { error: error.message }));
    this.#db = drizzle(this.#pool);
  }

  start(): void {
    this.#schedule(0);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#pool.end();
  }

  /** The last entries up to `seq`, oldest first. */
  async past(seq: number): Promise<RawEntry[]> {
    const page = await this.#read(Math.max(0, seq - pastEntries), pastEntries);
    return page.entries;
  }

  #schedule(afterMs: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#follow().then(
        (isFull) => this.#done(true, isFull ? 0 : pollEveryMs),
        (error: unknown) => {
          this.#log("warn", "cluster log not readable", { error: String(error) });
          this.#done(false, pollEveryMs * 2);
        },
      );
    }, afterMs);
  }

  #done(isUp: boolean, nextMs: number): void {
    if (this.#isStopped) return;
    this.#hub.notePostgres(isUp);
    this.#schedule(nextMs);
  }

  /** True when there may be more at once. */
  async #follow(): Promise<boolean> {
    const { authority } = this.#hub;
    const startedMs = this.#hub.nowMs();
    const page = await this.#read(authority.state?.seq ?? 0, pageSize);
    if (page.history === null) return false;
    if (authority.state === null) {
      if (this.#mayReplay(page.entries)) {
        authority.offerSnapshot(emptyCluster(page.history), 0, this.#hub.nowMs());
      } else return false;
    }
    const ageMs = this.#hub.nowMs() - startedMs;
    // A gap means another history, or a table that no longer reaches back: the nodes' snapshots tell.
    const fit = authority.offerEntries(page.history, page.entries, ageMs, this.#hub.nowMs());
    return fit === "applied" && page.entries.length === pageSize;
  }

  /** With no node to ask, the table alone tells everything, if it still begins at the beginning. */
  #mayReplay(entries: readonly RawEntry[]): boolean {
    const isHeard = this.#hub.links().some((it) => it.state === "connected");
    return !isHeard && (entries[0]?.seq ?? 1) === 1;
  }

  /** History and entries of one instant: a restore in between must not give one to the other. */
  async #read(afterSeq: number, limit: number): Promise<Page> {
    const schema = sql.identifier(this.#schema);
    const result = await this.#db.execute<LogRow>(sql`
      select c.history::text as history, l.seq, l.at, l.term, l.type, l.body
      from ${schema}.coordinator c
      left join lateral (
        select seq, at, term, type, body from ${schema}.cluster_log
        where seq > ${afterSeq} order by seq limit ${limit}
      ) l on true
      order by l.seq`);
    return { history: result.rows[0]?.history ?? null, entries: result.rows.flatMap(toEntry) };
  }
}

interface Page {
  readonly history: string | null;
  readonly entries: RawEntry[];
}

/** `bigint` and `timestamptz` arrive as text. All but the history is null where no entry is. */
interface LogRow extends Record<string, unknown> {
  readonly history: string;
  readonly seq: string | null;
  readonly at: string;
  readonly term: string;
  readonly type: string;
  readonly body: Record<string, unknown>;
}

function toEntry(row: LogRow): RawEntry[] {
  if (row.seq === null) return [];
  const at = new Date(row.at).toISOString();
  return [
    { ...row.body, seq: Number(row.seq), at, term: Number(row.term), type: row.type } as RawEntry,
  ];
}
