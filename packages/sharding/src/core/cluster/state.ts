import type { Epoch, GroupName, NodeId, NodeRef, Seq, ShardRef, Term } from "../ids.ts";
import type {
  CarriedState,
  MoveState,
  NodeInfo,
  PlanProposal,
  PlanState,
  StrategyName,
} from "../log.ts";

/** The authority in memory: what Postgres says about the cluster, as a fold over the log. */
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
  /** Of a daemon's group: its first so many shards are its workers. Absent: the group is for entities. */
  readonly workers?: number;
}

/** How many of a group's shards do something: the rest are those that a daemon was scaled down from. */
export const shardsAtWork = ({ shards, workers }: GroupRow): number => workers ?? shards;

export type NodeState = "up" | "draining" | "drained" | "evicted" | "dead";

export interface NodeRow extends NodeInfo {
  readonly state: NodeState;
  readonly cordoned: boolean;
}

/** A node that does not run the group's entity types or its daemon must not be its home. */
export const canServe = ({ groups }: Pick<NodeInfo, "groups">, group: GroupName): boolean =>
  groups === undefined || groups.includes(group);

/** A proxy routes: it is given no shard, never leads, and has no say in who is evicted. */
export const isProxy = ({ weight }: Pick<NodeInfo, "weight">): boolean => weight === 0;

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
