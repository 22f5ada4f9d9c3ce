import type { ClusterState, GroupRow, NodeRow, PlanRow, ShardRow } from "./cluster.ts";
import type { GroupName, NodeId } from "./ids.ts";

/** The state as plain JSON: maps become lists of pairs. What snapshots on sockets carry. */
export interface ClusterJson extends Omit<ClusterState, "groups" | "nodes" | "shards" | "plans"> {
  readonly groups: readonly (readonly [GroupName, GroupRow])[];
  readonly nodes: readonly (readonly [NodeId, NodeRow])[];
  readonly shards: readonly (readonly [GroupName, readonly ShardRow[]])[];
  readonly plans: readonly (readonly [string, PlanRow])[];
}

export const toClusterJson = (state: ClusterState): ClusterJson => ({
  ...state,
  groups: [...state.groups],
  nodes: [...state.nodes],
  shards: [...state.shards],
  plans: [...state.plans],
});

export const fromClusterJson = (json: ClusterJson): ClusterState => ({
  ...json,
  groups: new Map(json.groups),
  nodes: new Map(json.nodes),
  shards: new Map(json.shards),
  plans: new Map(json.plans),
});
