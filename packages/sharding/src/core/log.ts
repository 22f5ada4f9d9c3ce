import type { Epoch, GroupName, Incarnation, NodeId, NodeRef, Seq, ShardRef, Term } from "./ids.ts";

/**
 * The cluster log: every change of ownership and membership, in commit order.
 *
 * The coordinator writes nothing else. Each event says what changed, `applyEntries` (cluster.ts)
 * says what it does to the state, and the tables are that same state in rows: replaying the log
 * gives the tables (S7). The event types and fields are an outside contract (docs/spec.md).
 */
export type ClusterEvent =
  | {
      readonly type: "coordinator-elected";
      readonly nodeId: NodeId;
      readonly incarnation: Incarnation;
    }
  | {
      readonly type: "group-created";
      readonly group: GroupName;
      readonly shards: number;
      readonly strategy: StrategyName;
      /** Of a daemon's group. Absent: the group is for entities. */
      readonly workers?: number;
    }
  /**
   * A daemon has so many workers from now on: the first so many shards of its group. `added` shards were made for
   * them, behind the last; none is ever taken away, because its epoch must go on rising when it is needed again.
   */
  | {
      readonly type: "group-scaled";
      readonly group: GroupName;
      readonly workers: number;
      readonly added: number;
    }
  | ({ readonly type: "node-joined" } & NodeInfo)
  /** The node gives its shards away; it gets no new ones. */
  | { readonly type: "node-draining"; readonly nodeId: NodeId; readonly incarnation: Incarnation }
  /** A draining node owns nothing any more. It may still run, or it has released its lease. */
  | { readonly type: "node-drained"; readonly nodeId: NodeId; readonly incarnation: Incarnation }
  /** A draining, drained or evicted node takes part again. */
  | { readonly type: "node-restored"; readonly nodeId: NodeId; readonly incarnation: Incarnation }
  /** The incarnation's lease has ended. Its shards get new homes in the same commit. */
  | {
      readonly type: "node-dead";
      readonly nodeId: NodeId;
      readonly incarnation: Incarnation;
      readonly proof: DeathProof;
    }
  /** Most of the cluster cannot reach this life, though it renews: it stops, and says so for each shard. */
  | {
      readonly type: "node-evicted";
      readonly nodeId: NodeId;
      readonly incarnation: Incarnation;
      readonly unreachedBy: readonly NodeId[];
    }
  | { readonly type: "node-cordoned"; readonly nodeId: NodeId }
  | { readonly type: "node-uncordoned"; readonly nodeId: NodeId }
  /** The shard has a new home and epoch; `starting` until its home says that it serves. */
  | ({
      readonly type: "shard-assigned";
      readonly nodeId: NodeId;
      readonly incarnation: Incarnation;
      readonly epoch: Epoch;
      readonly cause: AssignCause;
      readonly carried: CarriedState | null;
    } & ShardRef)
  | ({
      readonly type: "shard-hosted";
      readonly nodeId: NodeId;
      readonly incarnation: Incarnation;
      readonly epoch: Epoch;
    } & ShardRef)
  /** The shard has no home: no node can take it, or its home gave it up. `epoch` is its last one. */
  | ({ readonly type: "shard-vacated"; readonly epoch: Epoch; readonly why: string } & ShardRef)
  /** `nodeId` was asked to hand the shard to `to`. It still owns it, at `epoch`. */
  | ({
      readonly type: "handoff-began";
      readonly handoffId: string;
      readonly nodeId: NodeId;
      readonly epoch: Epoch;
      readonly to: NodeRef;
      readonly planId: string | null;
    } & ShardRef)
  | ({ readonly type: "shard-pinned" } & ShardRef)
  | ({ readonly type: "shard-unpinned" } & ShardRef)
  | ({ readonly type: "plan-proposed" } & PlanProposal)
  | {
      readonly type: "plan-state-changed";
      readonly planId: string;
      readonly state: PlanState;
      readonly why: string | null;
    }
  /** `index` counts from 0 in the plan's moves. `epoch` is the shard's epoch after a done move. */
  | {
      readonly type: "move-state-changed";
      readonly planId: string;
      readonly index: number;
      readonly state: MoveState;
      readonly why: string | null;
      readonly epoch: Epoch | null;
    };

export type ClusterEventType = ClusterEvent["type"];

/** An event as committed. `at` is the database's clock, ISO 8601: for people, never for decisions. */
export type LogEntry = ClusterEvent & {
  readonly seq: Seq;
  readonly at: string;
  readonly term: Term;
};

/** `load`: few and hot shards move, by what they cost (balance-load.ts). */
export type StrategyName = "least-loaded" | "rendezvous" | "load";

/** Why a lease may be taken from its holder (DESIGN section 4). */
export type DeathProof = "released" | "watched" | "host" | "waiter" | "refused" | "superseded";

/**
 * `allocated`: it had no home, or is needed again. `handoff`: a planned move. `death`: its home's lease ended.
 * `abort`: a handoff was given up and its source goes on, under a new epoch. `eviction`: its home was
 * evicted and has let go of it. `given-up`: its home lives and could not go on with it.
 */
export type AssignCause = "allocated" | "handoff" | "death" | "abort" | "eviction" | "given-up";

/** Volatile state that the source captured and sent to the target on the data socket. */
export interface CarriedState {
  readonly handoffId: string;
  readonly from: NodeRef;
  /** Hex SHA-256 over the captured state, in the order of transfer. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** What a node says about itself when it joins. */
export interface NodeInfo extends NodeRef {
  /** Where other nodes and the console reach it, for instance `http://127.0.0.1:4101`. */
  readonly address: string;
  /** Failure zone; empty when unknown. */
  readonly zone: string;
  /** Relative capacity for shards; 0: a proxy, which gets none. @default 1 */
  readonly weight: number;
  readonly labels: Readonly<Record<string, string>>;
  /** The shard groups that it can serve. Absent from nodes older than the field: all. */
  readonly groups?: readonly GroupName[];
}

export type PlanKind = "rebalance" | "drain" | "move" | "undo";
export type PlanState =
  | "proposed"
  | "applying"
  | "paused"
  | "done"
  | "cancelled"
  | "stale"
  | "failed";
export type MoveState = "pending" | "moving" | "done" | "failed" | "skipped";

export interface PlanMove extends ShardRef {
  readonly from: NodeRef;
  readonly to: NodeRef;
  /** The shard's epoch when the plan was made: another one makes the move stale. */
  readonly epoch: Epoch;
  /** From the planner's own data, one sentence. */
  readonly why: string;
}

export interface PlanProposal {
  readonly planId: string;
  readonly kind: PlanKind;
  /** Who asked: `auto` for the cluster itself, else what the request carried. */
  readonly by: string;
  /** For kind `drain`: the node to empty. */
  readonly node: NodeId | null;
  /** For kind `undo`: the plan that it takes back. */
  readonly undoes: string | null;
  readonly basedOnSeq: Seq;
  readonly moves: readonly PlanMove[];
  /**
   * Standard deviation of shards per unit of weight over the candidate nodes. In a group balanced by load a shard
   * counts as what it costs against the average one.
   */
  readonly spreadBefore: number;
  readonly spreadAfter: number;
}

/** A shard group as a node's entity types and daemons need it. Two nodes that disagree cannot share a cluster. */
export interface GroupDeclaration {
  readonly group: GroupName;
  readonly shards: number;
  readonly strategy: StrategyName;
  /** Of a daemon: how many the group is made with. Once it exists its own number counts. */
  readonly workers?: number;
}
