import type { NodeId, NodeRef, ShardRef } from "./ids.ts";
import type { PlanProposal } from "./log.ts";
import { type PackedMoves, packMoves, unpackMoves } from "./packed-moves.ts";

/**
 * Conditions that hold for one plan only: nothing of them is written down, and the cluster's own rebalance knows
 * nothing of them. A cordon or weight that is to stay is set on the node.
 */
export interface WhatIf {
  /** These nodes get nothing, as if they were cordoned. They keep what they have. @default none */
  readonly cordon?: readonly NodeId[];
  /** Weights to count with, each above 0. @default what each node joined with */
  readonly weights?: Readonly<Record<NodeId, number>>;
  /** At most so many moves, of the fullest nodes first. @default as many as it takes */
  readonly maxMoves?: number;
  /** Shards that cost much more than the average of their group stay (`hotFactor`). @default false */
  readonly keepHot?: boolean;
}

/** Hot is what costs so many times the average shard of its group. */
export const hotFactor = 3;

export type BlockCode =
  /** Between two homes. */
  | "handoff"
  | "starting"
  | "pinned"
  /** Moved for its load less than a minute ago. */
  | "resting"
  /** Hot, and hot shards are to stay. */
  | "hot"
  /** No link between the two nodes. */
  | "apart"
  /** No node that may be given shards runs what lives in the group. */
  | "no-target"
  /** It has moved on since the plan that is to be undone. */
  | "changed"
  /** The node that it would go back to takes no shards. */
  | "target-off";

/** A shard that stays though the planner would move it, or others instead of it. */
export interface BlockedMove extends ShardRef {
  readonly on: NodeId;
  readonly code: BlockCode;
  readonly why: string;
}

/** A node's shards in all groups, now and after the plan. */
export interface NodeForecast extends NodeRef {
  /** That the plan counts with. */
  readonly weight: number;
  readonly before: number;
  readonly after: number;
  /** What is special about it in this plan: cordoned, draining, another weight. */
  readonly why: string | null;
}

/**
 * A plan that is only looked at: in no log. Its coordinator remembers the latest few, and applies one by its id
 * as if it had been proposed, while nothing that it names has changed.
 */
export interface PlanPreview extends PlanProposal {
  /** The first 500. */
  readonly blocked: readonly BlockedMove[];
  readonly blockedTotal: number;
  /** Moves that `maxMoves` has left out. */
  readonly leftOut: number;
  readonly nodes: readonly NodeForecast[];
  /** So many shards move at once. */
  readonly movesInFlight: number;
  /** What an operator should know of it, a sentence each. */
  readonly notes: readonly string[];
}

/** As it travels to whoever asked. */
export interface PackedPreview extends Omit<PlanPreview, "moves"> {
  readonly moves: PackedMoves;
}

export const packPreview = (preview: PlanPreview): PackedPreview => ({
  ...preview,
  moves: packMoves(preview.moves),
});

export const unpackPreview = (packed: PackedPreview): PlanPreview => ({
  ...packed,
  moves: unpackMoves(packed.moves),
});
