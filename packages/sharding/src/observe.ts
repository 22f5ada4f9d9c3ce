/** The pure part that observers share: frame types and the reducer. No Node.js, no I/O. */
export type * from "./core/belief.ts";
export { isRenewalLate } from "./core/belief.ts";
export type * from "./core/cluster.ts";
export {
  applyEntries,
  emptyCluster,
  findShard,
  LogMismatchError,
  ownerOf,
  shardsAtWork,
} from "./core/cluster.ts";
export { type ClusterJson, fromClusterJson, toClusterJson } from "./core/cluster-json.ts";
export { daemonOf, workersLimit } from "./core/daemons.ts";
export { hashOf, shardOf } from "./core/hash.ts";
export type * from "./core/ids.ts";
export { sameNode, shardKey } from "./core/ids.ts";
export type * from "./core/log.ts";
export type { ClusterRows, MoveVerdict, StaleMove } from "./core/plan-check.ts";
export { moveVerdict, staleMoves, whyNotMoving } from "./core/plan-check.ts";
export type * from "./core/preview.ts";
export type * from "./runtime/daemons/daemon-view.ts";
export { daemonViews } from "./runtime/daemons/daemon-view.ts";
