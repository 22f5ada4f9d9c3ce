import type { ClusterState } from "../../core/cluster.ts";
import type { NodeRef, Seq, Term } from "../../core/ids.ts";
import type { LogEntry } from "../../core/log.ts";
import { changesOwnership } from "../../core/ownership.ts";
import { StoreUnsuitableError } from "../../errors.ts";
import type {
  ChangeHint,
  CommitRequest,
  CommitResult,
  LogPage,
  LogPosition,
  Standing,
  StateStore,
} from "../../ports/state-store.ts";
import { type ClusterRows, clusterOf, type EntryColumns, entryOf } from "./cluster-rows.ts";
import { PostgresLetters } from "./letters.ts";
import type { LogNotifications } from "./notify.ts";
import type { StorePool } from "./pool.ts";
import { acceptTimeline, readStanding } from "./sql/accepted-timeline.ts";
import { commitStatement } from "./sql/commit.ts";
import { loadCluster } from "./sql/load-cluster.ts";
import { raiseTerm } from "./sql/raise-term.ts";
import { readLog } from "./sql/read-log.ts";
import { writeSetOf } from "./write-set.ts";

export interface PostgresStateStoreOptions {
  readonly pool: StorePool;
  readonly notifications: LogNotifications;
  /** The cluster's schema, quoted. */
  readonly schema: string;
  /** The channel of its notifications. */
  readonly channel: string;
}

interface CommitRow {
  readonly at: string | null;
  readonly term: number | null;
  readonly alive: readonly NodeRef[];
}

interface LogRow {
  readonly history: string;
  readonly oldest: number;
  readonly entries: readonly EntryColumns[];
}

/** The coordinator's memory in Postgres: each call is one statement, so there is nothing to roll back. */
export class PostgresStateStore implements StateStore {
  readonly remembers = true;
  readonly letters: PostgresLetters;
  readonly #pool: StorePool;
  readonly #notifications: LogNotifications;
  readonly #schema: string;
  readonly #channel: string;
  readonly #sql: Readonly<
    Record<"acceptTimeline" | "loadCluster" | "raiseTerm" | "readLog" | "readStanding", string>
  >;

  constructor({ pool, notifications, schema, channel }: PostgresStateStoreOptions) {
    this.letters = new PostgresLetters({ pool, schema, channel });
    this.#pool = pool;
    this.#notifications = notifications;
    this.#schema = schema;
    this.#channel = channel;
    this.#sql = {
      loadCluster: loadCluster(schema),
      raiseTerm: raiseTerm(schema),
      readLog: readLog(schema),
      readStanding: readStanding(schema),
      acceptTimeline: acceptTimeline(schema),
    };
  }

  async raiseTerm(by: NodeRef, expected: Term, known?: LogPosition): Promise<LogEntry | null> {
    const { nodeId, incarnation } = by;
    const seen = known === undefined ? [null, null, null] : [known.history, known.seq, known.term];
    const [row] = await this.#pool.query<Pick<LogEntry, "seq" | "at" | "term">>(
      "raising the term",
      this.#sql.raiseTerm,
      [nodeId, incarnation, expected, this.#channel, ...seen],
    );
    if (row === undefined) return null;
    const { seq, at, term } = row;
    return { type: "coordinator-elected", nodeId, incarnation, seq, at, term };
  }

  async standing(): Promise<Standing> {
    const sql = this.#sql.readStanding;
    const [row] = await this.#pool.query<Standing>("reading the term", sql, []);
    if (row === undefined) throw noCoordinatorRow();
    return row;
  }

  async acceptTimeline(timeline: number): Promise<boolean> {
    const sql = this.#sql.acceptTimeline;
    const rows = await this.#pool.query<object>("accepting the timeline", sql, [timeline]);
    return rows.length > 0;
  }

  async commit(write: CommitRequest): Promise<CommitResult> {
    const { term, after, events } = write;
    const { text, values } = commitStatement(this.#schema, {
      ...writeSetOf(write),
      term,
      after,
      deaths: write.deaths.map(({ nodeId, incarnation, renewals }) => ({
        node_id: nodeId,
        incarnation,
        renewals,
      })),
      channel: changesOwnership(events) ? this.#channel : null,
    });
    const [row] = await this.#pool.query<CommitRow>("committing", text, values);
    if (row === undefined || row.term === null) throw noCoordinatorRow();
    const { at } = row;
    if (at !== null) {
      const entries = events.map((event, i) => ({ ...event, seq: after + i + 1, at, term }));
      return { outcome: "committed", entries };
    }
    if (row.alive.length > 0) return { outcome: "refuted", alive: row.alive };
    return { outcome: "deposed", term: row.term };
  }

  async load(): Promise<ClusterState> {
    const [rows] = await this.#pool.query<ClusterRows>("loading", this.#sql.loadCluster, []);
    if (rows === undefined) throw noCoordinatorRow();
    return clusterOf(rows);
  }

  async readLog(after: Seq, limit: number): Promise<LogPage> {
    const [page] = await this.#pool.query<LogRow>("reading the log", this.#sql.readLog, [
      after,
      limit,
    ]);
    if (page === undefined) throw noCoordinatorRow();
    const { history, oldest, entries } = page;
    return { history, oldest, entries: entries.map(entryOf) };
  }

  onChange(fn: (hint: ChangeHint) => void): () => void {
    return this.#notifications.subscribe(fn);
  }

  async close(): Promise<void> {
    await Promise.all([this.#notifications.close(), this.#pool.close()]);
  }
}

const noCoordinatorRow = (): StoreUnsuitableError =>
  new StoreUnsuitableError(
    "The cluster's table `coordinator` has lost its row. Restore the schema from a backup.",
  );
