import type { Epoch, GroupName, NodeId, NodeRef, Seq, ShardRef, Term } from "./ids.ts";
import type {
  CarriedState,
  LogEntry,
  MoveState,
  NodeInfo,
  PlanProposal,
  PlanState,
  StrategyName,
} from "./log.ts";

/**
 * The authority in memory: what Postgres says about the cluster, as a fold over the log.
 *
 * One reducer for everybody: the coordinator adopts with it what it committed, every node keeps its
 * copy with it, the console and the tests replay with it. States are values and never changed in
 * place; a batch of entries copies each touched map or array once, so that 10,000 assignments in a
 * batch cost one copy of the group's rows.
 */
export interface ClusterState {
  /** Names the log that `seq` counts in; renewed after a restore. */
  readonly history: string;
  /** The last entry applied; 0 before the first. */
  readonly seq: Seq;
  readonly term: Term;
  /** The node that raised the term last, whether it lives or not. */
  readonly coordinator: NodeRef | null;
  readonly groups: ReadonlyMap<GroupName, GroupRow>;
  /** The latest incarnation of each node that ever joined. */
  readonly nodes: ReadonlyMap<NodeId, NodeRow>;
  /** Per group, indexed by shard. */
  readonly shards: ReadonlyMap<GroupName, readonly ShardRow[]>;
  readonly plans: ReadonlyMap<string, PlanRow>;
}

export interface GroupRow {
  readonly shards: number;
  readonly strategy: StrategyName;
}

export type NodeState = "up" | "draining" | "drained" | "evicted" | "dead";

export interface NodeRow extends NodeInfo {
  readonly state: NodeState;
  readonly cordoned: boolean;
}

export type ShardRow =
  | { readonly state: "unallocated"; readonly epoch: Epoch; readonly pinned: boolean }
  | { readonly state: "starting"; readonly epoch: Epoch; readonly pinned: boolean; readonly owner: NodeRef; readonly carried: CarriedState | null }
  | { readonly state: "hosted"; readonly epoch: Epoch; readonly pinned: boolean; readonly owner: NodeRef }
  | { readonly state: "handing-off"; readonly epoch: Epoch; readonly pinned: boolean; readonly owner: NodeRef; readonly handoff: Handoff };

export type ShardStateName = ShardRow["state"];

export interface Handoff {
  readonly id: string;
  readonly to: NodeRef;
  readonly planId: string | null;
}

export interface PlanRow extends PlanProposal {
  readonly state: PlanState;
  readonly why: string | null;
  /** One per move, in the order of `moves`. */
  readonly progress: readonly MoveProgress[];
}

export interface MoveProgress {
  readonly state: MoveState;
  readonly why: string | null;
  readonly epoch: Epoch | null;
}

export const emptyCluster = (history: string): ClusterState => ({
  history,
  seq: 0,
  term: 0,
  coordinator: null,
  groups: new Map(),
  nodes: new Map(),
  shards: new Map(),
  plans: new Map(),
});

/** The row of a shard, or undefined where the group or the index does not exist. */
export const findShard = (state: ClusterState, ref: ShardRef): ShardRow | undefined =>
  state.shards.get(ref.group)?.[ref.shard];

/** A shard's owner, or null where it has none. */
export const ownerOf = (row: ShardRow): NodeRef | null =>
  row.state === "unallocated" ? null : row.owner;

/** An entry that does not fit the state it is applied to: the log and the state have parted (S7). */
export class LogMismatchError extends Error {
  override readonly name = "LogMismatchError";
}

class Draft {
  history: string;
  seq: Seq;
  term: Term;
  coordinator: NodeRef | null;
  groups: ReadonlyMap<GroupName, GroupRow>;
  readonly nodes: CopyOnWrite<NodeId, NodeRow>;
  readonly plans: CopyOnWrite<string, PlanRow>;
  #shards: Map<GroupName, readonly ShardRow[]>;
  readonly #owned = new Set<GroupName>();

  constructor(base: ClusterState) {
    this.history = base.history;
    this.seq = base.seq;
    this.term = base.term;
    this.coordinator = base.coordinator;
    this.groups = base.groups;
    this.nodes = new CopyOnWrite(base.nodes);
    this.plans = new CopyOnWrite(base.plans);
    this.#shards = new Map(base.shards);
  }

  rows(group: GroupName): readonly ShardRow[] {
    const rows = this.#shards.get(group);
    if (rows === undefined) throw new LogMismatchError(`No group "${group}" before seq ${this.seq}.`);
    return rows;
  }

  row(ref: ShardRef): ShardRow {
    const row = this.rows(ref.group)[ref.shard];
    if (row === undefined) {
      throw new LogMismatchError(`No shard ${ref.group}/${ref.shard} before seq ${this.seq}.`);
    }
    return row;
  }

  setRow(ref: ShardRef, row: ShardRow): void {
    let rows = this.rows(ref.group) as ShardRow[];
    if (!this.#owned.has(ref.group)) {
      rows = rows.slice();
      this.#shards.set(ref.group, rows);
      this.#owned.add(ref.group);
    }
    rows[ref.shard] = row;
  }

  createGroup(group: GroupName, spec: GroupRow): void {
    const row: ShardRow = { state: "unallocated", epoch: 0, pinned: false };
    this.groups = new Map(this.groups).set(group, spec);
    this.#shards.set(group, Array.from({ length: spec.shards }, () => row));
    this.#owned.add(group);
  }

  node(nodeId: NodeId): NodeRow {
    const row = this.nodes.get(nodeId);
    if (row === undefined) throw new LogMismatchError(`No node "${nodeId}" before seq ${this.seq}.`);
    return row;
  }

  plan(planId: string): PlanRow {
    const row = this.plans.get(planId);
    if (row === undefined) throw new LogMismatchError(`No plan "${planId}" before seq ${this.seq}.`);
    return row;
  }

  freeze(): ClusterState {
    return {
      history: this.history,
      seq: this.seq,
      term: this.term,
      coordinator: this.coordinator,
      groups: this.groups,
      nodes: this.nodes.current,
      shards: this.#shards,
      plans: this.plans.current,
    };
  }
}

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
  const draft = new Draft(state);
  for (const entry of entries) {
    if (entry.seq !== draft.seq + 1) {
      throw new LogMismatchError(`Entry ${entry.seq} does not follow ${draft.seq}.`);
    }
    applyEntry(draft, entry);
    draft.seq = entry.seq;
    draft.term = entry.term;
  }
  return draft.freeze();
}

function applyEntry(draft: Draft, entry: LogEntry): void {
  switch (entry.type) {
    case "coordinator-elected":
      draft.coordinator = { nodeId: entry.nodeId, incarnation: entry.incarnation };
      return;
    case "group-created":
      draft.createGroup(entry.group, { shards: entry.shards, strategy: entry.strategy });
      return;
    case "node-joined":
    case "node-draining":
    case "node-drained":
    case "node-restored":
    case "node-dead":
    case "node-cordoned":
    case "node-uncordoned":
      applyNode(draft, entry);
      return;
    case "shard-assigned":
    case "shard-hosted":
    case "shard-vacated":
    case "handoff-began":
    case "shard-pinned":
    case "shard-unpinned":
      draft.setRow(entry, nextShard(draft.row(entry), entry));
      return;
    case "plan-proposed":
    case "plan-state-changed":
    case "move-state-changed":
      applyPlan(draft, entry);
      return;
    default:
      return entry satisfies never;
  }
}

type NodeEntry = Extract<LogEntry, { type: `node-${string}` }>;
type ShardEntry = Extract<LogEntry, { type: `shard-${string}` | "handoff-began" }>;
type PlanEntry = Extract<LogEntry, { type: `plan-${string}` | "move-state-changed" }>;

function applyNode(draft: Draft, entry: NodeEntry): void {
  if (entry.type === "node-joined") {
    const { nodeId, incarnation, address, zone, weight, labels } = entry;
    // A cordon is the operator's word about the node, not about one life of it: it outlives a restart.
    const cordoned = draft.nodes.get(nodeId)?.cordoned ?? false;
    draft.nodes.set(nodeId, { nodeId, incarnation, address, zone, weight, labels, cordoned, state: "up" });
    return;
  }
  const row = draft.node(entry.nodeId);
  if (entry.type === "node-cordoned" || entry.type === "node-uncordoned") {
    draft.nodes.set(entry.nodeId, { ...row, cordoned: entry.type === "node-cordoned" });
    return;
  }
  // The death of an earlier life may be logged after the next life has joined.
  if (row.incarnation !== entry.incarnation) return;
  draft.nodes.set(entry.nodeId, { ...row, state: stateAfter[entry.type] });
}

const stateAfter = {
  "node-draining": "draining",
  "node-drained": "drained",
  "node-restored": "up",
  "node-dead": "dead",
} as const satisfies Record<string, NodeState>;

function nextShard(row: ShardRow, entry: ShardEntry): ShardRow {
  const { epoch, pinned } = row;
  switch (entry.type) {
    case "shard-assigned": {
      const owner = { nodeId: entry.nodeId, incarnation: entry.incarnation };
      return { state: "starting", epoch: entry.epoch, pinned, owner, carried: entry.carried };
    }
    case "shard-hosted":
      return {
        state: "hosted",
        epoch: entry.epoch,
        pinned,
        owner: { nodeId: entry.nodeId, incarnation: entry.incarnation },
      };
    case "shard-vacated":
      return { state: "unallocated", epoch: entry.epoch, pinned };
    case "handoff-began": {
      const owner = ownerOf(row);
      if (owner === null) {
        throw new LogMismatchError(`${entry.group}/${entry.shard} has no home to hand off.`);
      }
      const handoff = { id: entry.handoffId, to: entry.to, planId: entry.planId };
      return { state: "handing-off", epoch, pinned, owner, handoff };
    }
    case "shard-pinned":
      return { ...row, pinned: true };
    case "shard-unpinned":
      return { ...row, pinned: false };
    default:
      return entry satisfies never;
  }
}

function applyPlan(draft: Draft, entry: PlanEntry): void {
  if (entry.type === "plan-proposed") {
    const { seq: _seq, at: _at, term: _term, type: _type, ...proposal } = entry;
    const progress = proposal.moves.map(() => ({ state: "pending", why: null, epoch: null }) as const);
    draft.plans.set(entry.planId, { ...proposal, state: "proposed", why: null, progress });
    return;
  }
  const plan = draft.plan(entry.planId);
  if (entry.type === "plan-state-changed") {
    draft.plans.set(entry.planId, { ...plan, state: entry.state, why: entry.why });
    return;
  }
  const progress = plan.progress.slice();
  progress[entry.index] = { state: entry.state, why: entry.why, epoch: entry.epoch };
  draft.plans.set(entry.planId, { ...plan, progress });
}
