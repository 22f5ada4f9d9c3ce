import { applyEntries, type ClusterState, emptyCluster, findShard } from "../../core/cluster.ts";
import {
  type Incarnation,
  type NodeId,
  type NodeRef,
  type Seq,
  sameNode,
  type Term,
} from "../../core/ids.ts";
import type { ClusterEvent, LogEntry } from "../../core/log.ts";
import type { Backend, LeaseRow, NewLease } from "../../ports/lease-session.ts";
import type {
  CommitRequest,
  CommitResult,
  DeathDeclaration,
  LogPage,
  LogPosition,
} from "../../ports/state-store.ts";

/** The tables of one cluster. Each method is one statement: it happens at once or not at all. */
export class MemoryTables {
  readonly #nowIso: () => string;
  readonly #leases = new Map<NodeId, LeaseRow>();
  readonly #newHistory: () => string;
  readonly #forgets: boolean;
  #log: LogEntry[] = [];
  /** The timeline that coordinators decide under. */
  acceptedTimeline: number | null = null;
  #state: ClusterState;

  /** @param forgets each term begins with nothing but its number, as without a state store. */
  constructor(newHistory: () => string, nowIso: () => string, forgets = false) {
    this.#state = emptyCluster(newHistory());
    this.#nowIso = nowIso;
    this.#newHistory = newHistory;
    this.#forgets = forgets;
  }

  state(): ClusterState {
    return this.#state;
  }

  lease(nodeId: NodeId): LeaseRow | null {
    return this.#leases.get(nodeId) ?? null;
  }

  leases(): readonly LeaseRow[] {
    return [...this.#leases.values()].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
  }

  take(lease: NewLease, backend: Backend, expected: LeaseRow | null): LeaseRow | null {
    const row = this.lease(lease.nodeId);
    if (!isExpected(row, expected)) return null;
    const token = (row?.token ?? 0) + 1;
    const { nodeId, incarnation, address, process } = lease;
    const fresh = { state: "alive", renewals: 0, token, backend, exited: false } as const;
    return this.#put({ nodeId, incarnation, address, process, ...fresh, unreached: [] });
  }

  renew(holder: NodeRef, backend: Backend, unreached: readonly Incarnation[]): boolean {
    const row = this.#alive(holder);
    if (row === null) return false;
    this.#put({ ...row, renewals: row.renewals + 1, backend, unreached });
    return true;
  }

  release(holder: NodeRef): boolean {
    const row = this.#alive(holder);
    if (row === null) return false;
    this.#put({ ...row, state: "released" });
    return true;
  }

  /** A parent's word counts for the life and the process that the lease names. */
  recordExit(holder: NodeRef, pid: number): void {
    const row = this.lease(holder.nodeId);
    if (row === null || !sameNode(row, holder)) return;
    if (row.process === null || row.process.pid === pid) this.#put({ ...row, exited: true });
  }

  raiseTerm(by: NodeRef, expected: Term, seen?: LogPosition): LogEntry | null {
    if (this.#state.term !== expected) return null;
    const isLost = seen?.history === this.#state.history && this.#state.seq < seen.seq;
    if (isLost) this.#state = { ...this.#state, history: this.#newHistory() };
    if (this.#forgets) {
      this.#log = [];
      this.#state = emptyCluster(this.#newHistory());
    }
    const { nodeId, incarnation } = by;
    const term = (isLost ? Math.max(expected, seen.term) : expected) + 1;
    const seq = this.#state.seq + 1;
    const event = { type: "coordinator-elected", nodeId, incarnation } as const;
    const entry = { ...event, seq, at: this.#nowIso(), term };
    this.#log.push(entry);
    this.#state = { ...this.#state, term, seq, coordinator: { nodeId, incarnation } };
    return entry;
  }

  /** The last entries were never written: a standby without them has taken over. */
  loseEntries(count: number): void {
    this.#log = this.#log.slice(0, Math.max(0, this.#log.length - count));
    this.#state = applyEntries(emptyCluster(this.#state.history), this.#log);
  }

  /** What a standby has now. @returns makes the tables as they were. */
  standby(): () => void {
    const leases = [...this.#leases];
    const { length } = this.#log;
    const log = this.#log;
    const { acceptedTimeline } = this;
    const state = this.#state;
    return () => {
      this.acceptedTimeline = acceptedTimeline;
      this.#leases.clear();
      for (const [nodeId, row] of leases) this.#leases.set(nodeId, row);
      this.#log = log.slice(0, length);
      this.#state = state;
    };
  }

  commit({ term, after, events, next, deaths }: CommitRequest): CommitResult {
    const state = this.#state;
    if (state.term !== term || state.seq !== after) return { outcome: "deposed", term: state.term };
    const alive = deaths.filter((death) => this.#isRefuted(death));
    if (alive.length > 0) {
      return {
        outcome: "refuted",
        alive: alive.map(({ nodeId, incarnation }) => ({ nodeId, incarnation })),
      };
    }
    for (const event of events) refuseLowerEpoch(state, next, event);
    for (const death of deaths) {
      const row = this.#alive(death);
      if (row !== null) this.#put({ ...row, state: "dead" });
    }
    const at = this.#nowIso();
    const entries = events.map((event, i) => ({ ...event, seq: after + i + 1, at, term }));
    this.#log.push(...entries);
    const { history, coordinator } = state;
    this.#state = { ...next, history, coordinator, term, seq: after + events.length };
    return { outcome: "committed", entries };
  }

  readLog(after: Seq, limit: number): LogPage {
    const { history } = this.#state;
    // Entry n stands at n - 1, because the log has no gap.
    const entries = this.#log.slice(after, after + limit);
    return { history, oldest: this.#log[0]?.seq ?? 0, entries };
  }

  #isRefuted({ nodeId, incarnation, renewals }: DeathDeclaration): boolean {
    const row = this.#alive({ nodeId, incarnation });
    return row !== null && row.renewals !== renewals;
  }

  #alive(holder: NodeRef): LeaseRow | null {
    const row = this.lease(holder.nodeId);
    return row !== null && sameNode(row, holder) && row.state === "alive" ? row : null;
  }

  #put(row: LeaseRow): LeaseRow {
    this.#leases.set(row.nodeId, row);
    return row;
  }
}

function isExpected(row: LeaseRow | null, expected: LeaseRow | null): boolean {
  if (row === null || expected === null) return row === expected;
  return (
    row.incarnation === expected.incarnation &&
    row.state === expected.state &&
    row.renewals === expected.renewals
  );
}

function refuseLowerEpoch(state: ClusterState, next: ClusterState, event: ClusterEvent): void {
  if (!("shard" in event)) return;
  const before = findShard(state, event)?.epoch ?? 0;
  const epoch = findShard(next, event)?.epoch;
  if (epoch === undefined || epoch < before) {
    throw new Error("a shard has no row, or its epoch would go down");
  }
}
