import type { Epoch, GroupName, NodeId, NodeRef, Seq, ShardRef, Term } from "./ids.ts";
import type {
  CarriedState,
  ClusterEvent,
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
  | {
      readonly state: "starting";
      readonly epoch: Epoch;
      readonly pinned: boolean;
      readonly owner: NodeRef;
      readonly carried: CarriedState | null;
    }
  | {
      readonly state: "hosted";
      readonly epoch: Epoch;
      readonly pinned: boolean;
      readonly owner: NodeRef;
    }
  | {
      readonly state: "handing-off";
      readonly epoch: Epoch;
      readonly pinned: boolean;
      readonly owner: NodeRef;
      readonly handoff: Handoff;
    };

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
    const row: ShardRow = { state: "unallocated", epoch: 0, pinned: false };
    this.groups = new Map(this.groups).set(group, spec);
    this.#shards.set(
      group,
      Array.from({ length: spec.shards }, () => row),
    );
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
    draft.apply(entry, entry.term);
  }
  return draft.freeze();
}

function applyEvent(draft: ClusterDraft, event: ClusterEvent): void {
  switch (event.type) {
    case "coordinator-elected":
      draft.coordinator = { nodeId: event.nodeId, incarnation: event.incarnation };
      return;
    case "group-created":
      draft.createGroup(event.group, { shards: event.shards, strategy: event.strategy });
      return;
    case "node-joined":
    case "node-draining":
    case "node-drained":
    case "node-restored":
    case "node-dead":
    case "node-cordoned":
    case "node-uncordoned":
      applyNode(draft, event);
      return;
    case "shard-assigned":
    case "shard-hosted":
    case "shard-vacated":
    case "handoff-began":
    case "shard-pinned":
    case "shard-unpinned":
      draft.setRow(event, nextShard(draft.row(event), event));
      return;
    case "plan-proposed":
    case "plan-state-changed":
    case "move-state-changed":
      applyPlan(draft, event);
      return;
    default:
      event satisfies never;
  }
}

type NodeEvent = Extract<ClusterEvent, { type: `node-${string}` }>;
type ShardEvent = Extract<ClusterEvent, { type: `shard-${string}` | "handoff-began" }>;
type PlanEvent = Extract<ClusterEvent, { type: `plan-${string}` | "move-state-changed" }>;

const stateAfter = {
  "node-draining": "draining",
  "node-drained": "drained",
  "node-restored": "up",
  "node-dead": "dead",
} as const satisfies Record<string, NodeState>;

function applyNode(draft: ClusterDraft, event: NodeEvent): void {
  if (event.type === "node-joined") {
    const { nodeId, incarnation, address, zone, weight, labels } = event;
    // A cordon is the operator's word about the node, not about one life of it: it outlives a restart.
    const cordoned = draft.nodes.get(nodeId)?.cordoned ?? false;
    draft.setNode({ nodeId, incarnation, address, zone, weight, labels, cordoned, state: "up" });
    return;
  }
  const row = draft.node(event.nodeId);
  if (event.type === "node-cordoned" || event.type === "node-uncordoned") {
    draft.setNode({ ...row, cordoned: event.type === "node-cordoned" });
    return;
  }
  // What is said of an earlier life changes nothing about the present one.
  if (row.incarnation !== event.incarnation) return;
  draft.setNode({ ...row, state: stateAfter[event.type] });
}

function nextShard(row: ShardRow, event: ShardEvent): ShardRow {
  const { epoch, pinned } = row;
  switch (event.type) {
    case "shard-assigned": {
      const owner = { nodeId: event.nodeId, incarnation: event.incarnation };
      return { state: "starting", epoch: event.epoch, pinned, owner, carried: event.carried };
    }
    case "shard-hosted": {
      const owner = { nodeId: event.nodeId, incarnation: event.incarnation };
      return { state: "hosted", epoch: event.epoch, pinned, owner };
    }
    case "shard-vacated":
      return { state: "unallocated", epoch: event.epoch, pinned };
    case "handoff-began": {
      const owner = ownerOf(row);
      if (owner === null) {
        throw new LogMismatchError(`${event.group}/${event.shard} has no home to hand off.`);
      }
      const handoff = { id: event.handoffId, to: event.to, planId: event.planId };
      return { state: "handing-off", epoch, pinned, owner, handoff };
    }
    case "shard-pinned":
      return { ...row, pinned: true };
    case "shard-unpinned":
      return { ...row, pinned: false };
    default:
      return event satisfies never;
  }
}

function applyPlan(draft: ClusterDraft, event: PlanEvent): void {
  if (event.type === "plan-proposed") {
    draft.setPlan(proposedPlan(event));
    return;
  }
  const plan = draft.plan(event.planId);
  if (event.type === "plan-state-changed") {
    draft.setPlan({ ...plan, state: event.state, why: event.why });
    return;
  }
  const progress = plan.progress.slice();
  progress[event.index] = { state: event.state, why: event.why, epoch: event.epoch };
  draft.setPlan({ ...plan, progress });
}

function proposedPlan(event: PlanProposal): PlanRow {
  const { planId, kind, by, node, undoes, basedOnSeq, moves, spreadBefore, spreadAfter } = event;
  const progress = moves.map(() => ({ state: "pending", why: null, epoch: null }) as const);
  return {
    ...{ planId, kind, by, node, undoes, basedOnSeq, moves, spreadBefore, spreadAfter },
    ...{ state: "proposed", why: null, progress },
  };
}
