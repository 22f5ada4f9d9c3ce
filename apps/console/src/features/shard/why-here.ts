import type { LogEntry, PlanRow, ShardRef } from "@leasehold/sharding/observe";
import type { ClusterMirror } from "../../live/mirror.ts";
import { type Sentence, say } from "../../live/say.ts";

/**
 * Why a shard is where it is, from what was logged: the cause of its last assignment, and the planner's
 * own words where a plan moved it. Null when that lies before the entries that are kept.
 */
export function whyHere(mirror: ClusterMirror, ref: ShardRef): Sentence | null {
  const entry = mirror.log.entries.findLast(
    (it) => it.type === "shard-assigned" && it.shard === ref.shard && it.group === ref.group,
  );
  if (entry?.type !== "shard-assigned") return null;
  const plan = planOf(mirror, entry);
  if (plan !== null) {
    return say`Plan ${plan.planId} (${plan.kind}, asked for by ${plan.by}) moved it to ${entry.nodeId}: ${plan.why}.`;
  }
  const from = entry.carried?.from.nodeId;
  switch (entry.cause) {
    case "allocated":
      return say`It had no home; the coordinator gave it to ${entry.nodeId} in term ${entry.term}.`;
    case "handoff":
      return say`${from ?? "Its former home"} handed it to ${entry.nodeId}.`;
    case "death":
      return say`The lease of its former home ended; the coordinator gave it to ${entry.nodeId} in term ${entry.term}.`;
    case "abort":
      return say`A handoff was given up, so ${entry.nodeId} goes on under a new epoch.`;
    case "eviction":
      return say`Most nodes could not reach its former home, which has let go of it; the coordinator gave it to ${entry.nodeId} in term ${entry.term}.`;
    case "given-up":
      return say`Its worker failed at its former home, which gave it up; the coordinator gave it to ${entry.nodeId} in term ${entry.term}.`;
    default:
      return entry.cause satisfies never;
  }
}

type Assigned = Extract<LogEntry, { type: "shard-assigned" }>;

function planOf(
  mirror: ClusterMirror,
  entry: Assigned,
): (Pick<PlanRow, "planId" | "kind" | "by"> & { readonly why: string }) | null {
  for (const plan of [...(mirror.cluster?.plans.values() ?? [])].reverse()) {
    const at = plan.moves.findIndex(
      (it) =>
        it.group === entry.group &&
        it.shard === entry.shard &&
        it.to.nodeId === entry.nodeId &&
        it.epoch < entry.epoch,
    );
    const move = plan.moves[at];
    if (move !== undefined && plan.progress[at]?.epoch === entry.epoch) {
      return { planId: plan.planId, kind: plan.kind, by: plan.by, why: move.why };
    }
  }
  return null;
}
