import type { ClusterState } from "../core/cluster.ts";
import type { NodeId, NodeRef, Seq, Term } from "../core/ids.ts";
import type { ClusterEvent, DeathProof, LogEntry } from "../core/log.ts";
import type { Letters } from "./letters.ts";

/**
 * The coordinator's memory: tables that only the holder of the current term can write.
 *
 * Contract (`testkit/contracts/state-store.ts`, run against Postgres and memory):
 * - `commit` is all or nothing, in one autocommit statement: guard, counter, rows and log together.
 * - `seq` is gap-free and in commit order.
 * - `load` and `readLog` see committed states only, and `load().seq` names the exact one.
 */
export interface StateStore {
  /**
   * False (development): a new term begins with an empty cluster, and its coordinator rebuilds the map
   * from what the regions claim.
   */
  readonly remembers: boolean;

  /**
   * Raises the term from `expected` and appends `coordinator-elected`.
   *
   * The caller holds the coordinator lock. @returns the log entry of the new term, or null where
   * the term is not `expected` any more.
   *
   * @param seen the furthest that the caller knows of the log. Where the log of that history ends before
   * it, its end was lost (a restore, a failover to a standby that lagged): it goes on under a new history
   * and under a term above the one that was seen, so that no id of the lost part is given a second time.
   */
  raiseTerm(by: NodeRef, expected: Term, seen?: LogPosition): Promise<LogEntry | null>;

  /** What a candidate has to know before it raises the term: one small read. */
  standing(): Promise<Standing>;

  /** Decides under this timeline from now on. @returns false where the server writes another one by now. */
  acceptTimeline(timeline: number): Promise<boolean>;

  /**
   * Writes the coordinator's decisions under its term.
   *
   * @throws {StoreUnavailableError} when the outcome is unknown. The caller must step down.
   */
  commit(write: CommitRequest): Promise<CommitResult>;

  /** The whole state, in one statement. */
  load(): Promise<ClusterState>;

  /**
   * Entries after `after`, oldest first, at most `limit`.
   *
   * `oldest` is the first seq still kept (0 when the log is empty); where `after + 1 < oldest` the
   * caller has to `load` instead.
   */
  readLog(after: Seq, limit: number): Promise<LogPage>;

  /**
   * Calls `fn` when the log may have grown: after a new term and after each commit that changes
   * ownership (core/ownership.ts), and whenever the connection that listens was opened or renewed
   * (something may have been missed; `seq` is null then). Also when a letter was written. A hint, never
   * the truth.
   */
  onChange(fn: (hint: ChangeHint) => void): () => void;

  /** The way of control messages when a link is cut. Nodes write there, not only the coordinator. */
  readonly letters: Letters;

  close(): Promise<void>;
}

/** A point of one log. */
export interface LogPosition {
  readonly history: string;
  readonly seq: Seq;
  readonly term: Term;
}

export interface ChangeHint {
  /** How far the log goes at least; null where that is not known. */
  readonly seq: Seq | null;
  /** A letter was written to this node; empty: to whoever leads. */
  readonly lettersTo?: NodeId;
}

export interface Standing {
  readonly history: string;
  readonly term: Term;
  /** That the server writes now. */
  readonly timeline: number;
  /** That coordinators decide under; another one after a failover, until `acceptTimeline`. Null before the first. */
  readonly acceptedTimeline: number | null;
}

export interface CommitRequest {
  readonly term: Term;
  /** The seq that the decision was based on: the next entry is `after + 1`. */
  readonly after: Seq;
  readonly events: readonly ClusterEvent[];
  /**
   * The state after the events, by `applyEntries`: the store writes the rows that the events touch
   * with the values that they have here. A `seq` or `term` in it is not looked at.
   */
  readonly next: ClusterState;
  /** Death declarations: part of the same statement, and all of them or nothing. */
  readonly deaths: readonly DeathDeclaration[];
}

/**
 * `update leases set state = 'dead'` where the row still names this incarnation, alive, with the
 * renewals that were seen. It also holds where the row already says released or dead, or names a
 * later incarnation (`renewals` is ignored then). A renewal in between refutes it.
 */
export interface DeathDeclaration extends NodeRef {
  readonly renewals: number;
  readonly proof: DeathProof;
}

export type CommitResult =
  | { readonly outcome: "committed"; readonly entries: readonly LogEntry[] }
  /** The term or the seq in the table is another one: this coordinator is deposed. */
  | { readonly outcome: "deposed"; readonly term: Term }
  /** The lease rows of these nodes were renewed in between; nothing was written. */
  | { readonly outcome: "refuted"; readonly alive: readonly NodeRef[] };

export interface LogPage {
  readonly history: string;
  readonly oldest: Seq;
  readonly entries: readonly LogEntry[];
}
