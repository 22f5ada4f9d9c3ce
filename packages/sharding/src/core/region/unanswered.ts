import { type ClusterState, ownerOf, type ShardRow } from "../cluster.ts";
import { sameNode, shardKey } from "../ids.ts";
import type { ShardGrant } from "../messages.ts";
import type { RegionReport, RegionState } from "../region.ts";

/**
 * What this region has reported and the log does not show as heard.
 *
 * Intuition: a report is answered by the log. So nothing has to remember what was sent: whatever the
 * rows still wait for and the region can say is said again, in the words of now. It may be repeated on
 * any way, as often as one likes; the coordinator compares each with its row.
 *
 * @param cluster the copy of the log that `state` has followed.
 */
export function unansweredReports(
  state: RegionState,
  cluster: ClusterState,
): readonly RegionReport[] {
  const reports: RegionReport[] = [];
  for (const [group, rows] of cluster.shards) {
    rows.forEach((row, shard) => {
      const owner = ownerOf(row);
      if (owner === null || !sameNode(owner, state.self)) return;
      const report = reportOn(state, { group, shard }, row);
      if (report !== null) reports.push(report);
    });
  }
  return reports;
}

function reportOn(
  state: RegionState,
  ref: { readonly group: string; readonly shard: number },
  row: ShardRow,
): RegionReport | null {
  const { epoch } = row;
  const held = state.held.get(shardKey(ref));
  const isStopped = held === undefined && (state.highest.get(shardKey(ref)) ?? 0) >= epoch;
  if (isStopped) return reportStopped(state, { ...ref, epoch }, row);
  if (row.state === "starting") {
    const isServed = held?.epoch === epoch && held.phase === "serving";
    return isServed ? { tag: "shards-hosted", item: { ...ref, epoch } } : null;
  }
  if (row.state !== "handing-off" || held?.epoch !== epoch) return null;
  const handoffId = row.handoff.id;
  if (held.phase === "serving") {
    const why = "it was not captured and serves on";
    return { tag: "handoffs-failed", item: { ...ref, epoch, handoffId, why } };
  }
  if (held.phase !== "frozen" || held.handoffId !== handoffId) return null;
  const { digest, size } = held;
  return { tag: "shards-released", item: { ...ref, epoch, handoffId, digest, size } };
}

/** It is not held here, and never will be under this epoch. */
function reportStopped(
  { isEvicted }: RegionState,
  item: ShardGrant,
  { state }: ShardRow,
): RegionReport {
  // Also where the log says that it is served here: it was let go for an eviction that was read late.
  if (isEvicted) return { tag: "shards-stopped", item };
  if (state !== "starting")
    return { tag: "shards-stopped", item: { ...item, why: "it was let go of there" } };
  // It was refused: an order that was followed and led to nothing is never followed again.
  return { tag: "host-refused", item: { ...item, why: "it could not be started here" } };
}
