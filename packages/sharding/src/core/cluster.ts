import { applyEvent } from "./cluster/apply-event.ts";
import {
  type ClusterState,
  type GroupRow,
  LogMismatchError,
  type NodeRow,
  type PlanRow,
  type ShardRow,
} from "./cluster/state.ts";
import type { GroupName, NodeId, NodeRef, Seq, ShardRef, Term } from "./ids.ts";
import type { ClusterEvent, LogEntry } from "./log.ts";

/**
 * The fold over the log.
 *
 * One reducer for everybody: the coordinator adopts with it what it committed, every node keeps its
 * copy with it, the console and the tests replay with it. States are values and never changed in
 * place; a batch of entries copies each touched map or array once, so that 10,000 assignments in a
 * batch cost one copy of the group's rows.
 */
export {
  type ClusterState,
  canServe,
  emptyCluster,
  findShard,
  type GroupRow,
  type Handoff,
  isProxy,
  LogMismatchError,
  type MoveProgress,
  type NodeRow,
  type NodeState,
  ownerOf,
  type PlanRow,
  type ShardRow,
  type ShardStateName,
  shardsAtWork,
} from "./cluster/state.ts";

/**
 * A state under construction: one batch of events, each touched map or array copied once.
 *
 * The coordinator decides on a draft too, so that a later decision of a batch sees the earlier ones.
 */
export class ClusterDraft {
  readonly history: string;
  seq: Seq;
  term: Term;
  coordinator: NodeRef | null;
  groups: ReadonlyMap<GroupName, GroupRow>;
  readonly #nodes: CopyOnWrite<NodeId, NodeRow>;
  readonly #plans: CopyOnWrite<string, PlanRow>;
  readonly #shards: Map<GroupName, readonly ShardRow[]>;
  readonly #owned = new Set<GroupName>();

  constructor(base: ClusterState) {
    this.history = base.history;
    this.seq = base.seq;
    this.term = base.term;
    this.coordinator = base.coordinator;
    this.groups = base.groups;
    this.#nodes = new CopyOnWrite(base.nodes);
    this.#plans = new CopyOnWrite(base.plans);
    this.#shards = new Map(base.shards);
  }

  get nodes(): ReadonlyMap<NodeId, NodeRow> {
    return this.#nodes.current;
  }
  get plans(): ReadonlyMap<string, PlanRow> {
    return this.#plans.current;
  }
  get shards(): ReadonlyMap<GroupName, readonly ShardRow[]> {
    return this.#shards;
  }

  /** @throws {LogMismatchError} when the event names what does not exist. */
  apply(event: ClusterEvent, term: Term): void {
    applyEvent(this, event);
    this.seq += 1;
    this.term = term;
  }

  row(ref: ShardRef): ShardRow {
    const row = this.#rows(ref.group)[ref.shard];
    if (row === undefined) {
      throw new LogMismatchError(`No shard ${ref.group}/${ref.shard} after seq ${this.seq}.`);
    }
    return row;
  }

  setRow(ref: ShardRef, row: ShardRow): void {
    let rows = this.#rows(ref.group) as ShardRow[];
    if (!this.#owned.has(ref.group)) {
      rows = rows.slice();
      this.#shards.set(ref.group, rows);
      this.#owned.add(ref.group);
    }
    rows[ref.shard] = row;
  }

  createGroup(group: GroupName, spec: GroupRow): void {
    // A second time it would take every shard of the group away from its home.
    if (this.groups.has(group)) throw new LogMismatchError(`There is a group "${group}" already.`);
    this.groups = new Map(this.groups).set(group, spec);
    this.#shards.set(
      group,
      Array.from({ length: spec.shards }, () => unallocated),
    );
    this.#owned.add(group);
  }

  scaleGroup(group: GroupName, workers: number, added: number): void {
    const spec = this.groups.get(group);
    if (spec?.workers === undefined) throw new LogMismatchError(`"${group}" is no daemon's group.`);
    const shards = spec.shards + added;
    if (workers > shards) throw new LogMismatchError(`"${group}" has ${shards} shards only.`);
    this.groups = new Map(this.groups).set(group, { ...spec, shards, workers });
    if (added === 0) return;
    const more = Array.from({ length: added }, () => unallocated);
    this.#shards.set(group, [...this.#rows(group), ...more]);
    this.#owned.add(group);
  }

  node(nodeId: NodeId): NodeRow {
    const row = this.nodes.get(nodeId);
    if (row === undefined) throw new LogMismatchError(`No node "${nodeId}" after seq ${this.seq}.`);
    return row;
  }

  setNode(row: NodeRow): void {
    this.#nodes.set(row.nodeId, row);
  }

  plan(planId: string): PlanRow {
    const row = this.plans.get(planId);
    if (row === undefined) throw new LogMismatchError(`No plan "${planId}" after seq ${this.seq}.`);
    return row;
  }

  setPlan(row: PlanRow): void {
    this.#plans.set(row.planId, row);
  }

  freeze(): ClusterState {
    return {
      history: this.history,
      seq: this.seq,
      term: this.term,
      coordinator: this.coordinator,
      groups: this.groups,
      nodes: this.nodes,
      shards: this.#shards,
      plans: this.plans,
    };
  }

  #rows(group: GroupName): readonly ShardRow[] {
    const rows = this.#shards.get(group);
    if (rows === undefined)
      throw new LogMismatchError(`No group "${group}" after seq ${this.seq}.`);
    return rows;
  }
}

const unallocated: ShardRow = { state: "unallocated", epoch: 0, pinned: false };

class CopyOnWrite<K, V> {
  current: ReadonlyMap<K, V>;
  #copied = false;
  constructor(base: ReadonlyMap<K, V>) {
    this.current = base;
  }
  get(key: K): V | undefined {
    return this.current.get(key);
  }
  set(key: K, value: V): void {
    if (!this.#copied) {
      this.current = new Map(this.current);
      this.#copied = true;
    }
    (this.current as Map<K, V>).set(key, value);
  }
}

/**
 * Applies committed entries in order.
 *
 * @throws {LogMismatchError} when an entry leaves a gap or names what does not exist.
 */
export function applyEntries(state: ClusterState, entries: readonly LogEntry[]): ClusterState {
  if (entries.length === 0) return state;
  const draft = new ClusterDraft(state);
  for (const entry of entries) {
    if (entry.seq !== draft.seq + 1) {
      throw new LogMismatchError(`Entry ${entry.seq} does not follow ${draft.seq}.`);
    }
    if (entry.term < draft.term) {
      throw new LogMismatchError(`Entry ${entry.seq} of term ${entry.term} follows ${draft.term}.`);
    }
    draft.apply(entry, entry.term);
  }
  return draft.freeze();
}
