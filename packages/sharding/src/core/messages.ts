import type { Versions } from "./agreement.ts";
import type { Epoch, GroupName, Incarnation, NodeId, NodeRef, Seq, ShardRef, Term } from "./ids.ts";
import type { Load } from "./load.ts";
import type { CarriedState, GroupDeclaration, LogEntry, NodeInfo } from "./log.ts";
import type { PackedPreview, WhatIf } from "./preview.ts";

/**
 * What nodes say to each other on the control socket. Each message may arrive twice, late or never;
 * docs/spec.md has a row for each with what "already seen" and "never answered" do.
 *
 * Lists, not single shards: a batch of the coordinator's work costs one frame per node.
 */
/** Between the two regions of a handoff. */
export type StateMessage = StateChunk | StateTaken | WarmState;

/** Between any two nodes, about the events of durable entities. */
export type EventMessage = FollowEvents | EventsStored;

export type ControlMessage = ToCoordinator | FromCoordinator | StateMessage | EventMessage;

/** Every one of these is believed only about its sender, whom the transport has authenticated. */
export type ToCoordinator =
  /** Asks to take part. Repeated until registered or refused. */
  | {
      readonly tag: "register-region";
      readonly node: NodeInfo;
      readonly groups: readonly GroupDeclaration[];
      /** Absent from nodes older than the field: they have version 1 of everything. */
      readonly versions?: Versions;
    }
  /** After a take-over: what I hold. Agreeing claims are no-ops; others are stopped or re-assigned. */
  | { readonly tag: "claim"; readonly term: Term; readonly claims: readonly ShardGrant[] }
  | { readonly tag: "shards-hosted"; readonly term: Term; readonly shards: readonly ShardGrant[] }
  | {
      readonly tag: "handoffs-acked";
      readonly term: Term;
      readonly handoffs: readonly HandoffRef[];
    }
  /** The source has stopped serving, and the target holds the captured state. */
  | { readonly tag: "shards-released"; readonly term: Term; readonly shards: readonly Released[] }
  /** The source could not hand off (mailbox not drained, state not capturable) and goes on serving. */
  | {
      readonly tag: "handoffs-failed";
      readonly term: Term;
      readonly handoffs: readonly (HandoffRef & { readonly why: string })[];
    }
  /** The home cannot start the shard at this epoch (the carried state is not there). */
  | {
      readonly tag: "host-refused";
      readonly term: Term;
      readonly shards: readonly (ShardGrant & { readonly why: string })[];
    }
  /**
   * A node does not serve these and never will under these epochs: it is or was evicted, or `why` says what made
   * it give the shard up.
   */
  | { readonly tag: "shards-stopped"; readonly term: Term; readonly shards: readonly Stopped[] }
  /**
   * What the shards of groups that are balanced by load cost their home: the hottest by name, the others of each
   * group in one sum. A hint, said anew each second; the later one replaces the earlier one whole.
   */
  | {
      readonly tag: "shard-loads";
      readonly term: Term;
      readonly shards: readonly ShardLoad[];
      readonly others: readonly GroupLoad[];
    }
  /** An operator's command that arrived at another node. */
  | { readonly tag: "admin"; readonly requestId: string; readonly command: AdminCommand };

/** Obeyed only from the node that holds the highest term seen. */
export type FromCoordinator =
  | {
      readonly tag: "region-registered";
      readonly term: Term;
      readonly incarnation: Incarnation;
      readonly seq: Seq;
    }
  | {
      readonly tag: "region-refused";
      readonly term: Term;
      readonly incarnation: Incarnation;
      readonly code: RefusalCode;
      readonly why: string;
    }
  | {
      readonly tag: "host-shards";
      readonly term: Term;
      readonly incarnation: Incarnation;
      readonly shards: readonly HostOrder[];
    }
  | {
      readonly tag: "begin-handoffs";
      readonly term: Term;
      readonly incarnation: Incarnation;
      readonly handoffs: readonly HandoffOrder[];
    }
  /** The receiver's claim is older than the row: stop serving it. */
  | {
      readonly tag: "stop-shards";
      readonly term: Term;
      readonly incarnation: Incarnation;
      readonly shards: readonly ShardGrant[];
    }
  /** Committed log entries, contiguous: the fast path of replication (the slow one is Postgres). */
  | {
      readonly tag: "log";
      readonly term: Term;
      /** Of the database that they were committed to. A server that was promoted has another one. */
      readonly timeline: number;
      readonly history: string;
      readonly entries: readonly LogEntry[];
    }
  | { readonly tag: "admin-answer"; readonly requestId: string; readonly answer: AdminAnswer };

/** Source to target, data socket: one piece of the packed state of one shard. */
export interface StateChunk {
  readonly tag: "state-chunk";
  readonly handoffId: string;
  readonly group: string;
  readonly shard: number;
  /** The source's epoch. */
  readonly epoch: Epoch;
  /** Where `bytes` belong. */
  readonly offset: number;
  /** Of the whole state, once it is captured: its bytes, and their hex SHA-256. Null while it is copied ahead. */
  readonly whole: { readonly size: number; readonly digest: string } | null;
  readonly bytes: Uint8Array;
}

/** Target to source: so much of the state is restored here. All of it, when that is its size. */
export interface StateTaken {
  readonly tag: "state-taken";
  readonly handoffId: string;
  /** Bytes, from the beginning. */
  readonly received: number;
}

/**
 * Source to target, data socket: what the journal would say of the shard's durable entities that were used last.
 * It may be lost: then the target reads the journal. True for who serves the shard under the next epoch, because
 * the source writes nothing more under its own.
 */
export interface WarmState {
  readonly tag: "warm-state";
  readonly group: string;
  readonly shard: number;
  /** The source's epoch. */
  readonly epoch: Epoch;
  readonly entities: readonly WarmEntity[];
}

/** A durable entity's state as JSON. */
export interface WarmEntity {
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
  readonly state: unknown;
  /** How many events the state is folded from. */
  readonly version: number;
  /** How many of them no snapshot has taken in. */
  readonly unkept: number;
}

/** The sender follows events for the next ten seconds: it wants to be told of what is stored. */
export interface FollowEvents {
  readonly tag: "follow-events";
}

/** The sender has stored events of these shards. Only a hint: what is there, the receiver reads in Postgres. */
export interface EventsStored {
  readonly tag: "events-stored";
  readonly shards: readonly ShardRef[];
}

export interface ShardGrant extends ShardRef {
  readonly epoch: Epoch;
}

export interface Stopped extends ShardGrant {
  readonly why?: string;
}

export interface ShardLoad extends ShardGrant, Load {}

/** So many shards together. */
export interface GroupLoad extends Load {
  readonly group: GroupName;
  readonly count: number;
}

export interface HandoffRef extends ShardGrant {
  readonly handoffId: string;
}

export interface Released extends HandoffRef {
  readonly digest: string;
  readonly size: number;
}

export interface HostOrder extends ShardGrant {
  readonly carried: CarriedState | null;
}

export interface HandoffOrder extends HandoffRef {
  readonly to: NodeRef;
  readonly toAddress: string;
}

export type RefusalCode = "GROUP_MISMATCH" | "VERSION_MISMATCH" | "INCARNATION_DEAD";

/** What an operator may ask for. Answered after the commit that it led to. */
export type AdminCommand =
  | { readonly tag: "plan"; readonly by: string; readonly request: PlanRequest }
  /** The same, but nothing is written down: the answer carries the plan, and `apply` takes its id for a while. */
  | { readonly tag: "preview"; readonly by: string; readonly request: PlanRequest }
  | {
      readonly tag: "plan-control";
      readonly by: string;
      readonly planId: string;
      readonly verb: PlanVerb;
    }
  | { readonly tag: "cordon" | "uncordon" | "drain"; readonly by: string; readonly nodeId: NodeId }
  | ({ readonly tag: "unpin"; readonly by: string } & ShardRef)
  | {
      readonly tag: "scale";
      readonly by: string;
      readonly daemon: string;
      readonly workers: number;
    };

export type PlanRequest =
  | { readonly kind: "rebalance"; readonly whatIf?: WhatIf }
  | { readonly kind: "drain"; readonly node: NodeId }
  | { readonly kind: "move"; readonly moves: readonly (ShardRef & { readonly to: NodeId })[] }
  /** The way back of a plan that is over. */
  | { readonly kind: "undo"; readonly planId: string };

export type PlanVerb = "apply" | "pause" | "resume" | "cancel" | "undo";

/** `seq`: the log position that includes the command's effect. */
export type AdminAnswer =
  | {
      readonly ok: true;
      readonly seq: Seq;
      readonly planId: string | null;
      /** Of a preview. */
      readonly preview?: PackedPreview;
    }
  | { readonly ok: false; readonly code: AdminErrorCode; readonly why: string };

export type AdminErrorCode =
  /** Whoever was asked does not lead (any more): ask again, elsewhere. */
  | "NOT_COORDINATOR"
  | "NODE_UNKNOWN"
  | "NODE_NOT_UP"
  | "SHARD_UNKNOWN"
  | "PLAN_UNKNOWN"
  | "PLAN_STATE"
  | "PLAN_STALE"
  | "MOVE_INVALID"
  | "DAEMON_UNKNOWN"
  | "SCALE_INVALID";
