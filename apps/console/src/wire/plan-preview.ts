import type { BlockedMove, NodeForecast, PlanKind } from "@leasehold/sharding/observe";

/** What a node answers to `POST /v1/plans/preview`: a plan that is in no log. */
export interface PreviewAnswer {
  readonly planId: string;
  readonly kind: PlanKind;
  readonly by: string;
  readonly node: string | null;
  readonly undoes: string | null;
  readonly basedOnSeq: number;
  readonly moves: readonly PreviewMove[];
  readonly spreadBefore: number;
  readonly spreadAfter: number;
  readonly blocked: readonly BlockedMove[];
  readonly blockedTotal: number;
  readonly leftOut: number;
  readonly nodes: readonly NodeForecast[];
  readonly movesInFlight: number;
  readonly notes: readonly string[];
}

export interface PreviewMove {
  readonly group: string;
  readonly shard: number;
  readonly from: string;
  readonly to: string;
  readonly why: string;
  /** The shard's epoch when the plan was looked at. */
  readonly epoch: number;
}
