import {
  findShard,
  type LogEntry,
  ownerOf,
  type PlanRow,
  type ShardRef,
} from "@leasehold/sharding/observe";
import type { ClusterMirror } from "../../live/mirror.ts";
import { type Sentence, say } from "../../live/say.ts";

/**
 * Why a shard is where it is: the planner's own words where a plan moved it, else the cause that was logged with its
 * present epoch. Plans are kept longer than entries, so they are looked at first. Null without a home.
 */
export function whyHere(mirror: ClusterMirror, ref: ShardRef): Sentence | null {
  const row = mirror.cluster === null ? undefined : findShard(mirror.cluster, ref);
  const owner = row === undefined ? null : ownerOf(row);
  if (row === undefined || owner === null) return null;
  const plan = planOf(mirror, ref, row.epoch);
  if (plan !== null) {
    return say`Plan ${plan.planId} (${plan.kind}, asked for by ${plan.by}) moved it to ${owner.nodeId}: ${plan.why}.`;
  }
  const entry = mirror.log.entries.findLast(
    (it): it is Assigned =>
      it.type === "shard-assigned" &&
      it.shard === ref.shard &&
      it.group === ref.group &&
      it.epoch === row.epoch,
  );
  if (entry !== undefined) return causeOf(entry);
  const first = mirror.log.entries[0]?.seq ?? mirror.cluster?.seq ?? 0;
  return say`It has been at ${owner.nodeId} under epoch ${row.epoch} since before event ${first}, the first that this page keeps; no plan that is kept moved it.`;
}

function causeOf(entry: Assigned): Sentence {
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

type Told = Pick<PlanRow, "planId" | "kind" | "by"> & { readonly why: string };

/** The plan whose done move left the shard at this epoch: an epoch is granted once. */
function planOf(mirror: ClusterMirror, ref: ShardRef, epoch: number): Told | null {
  for (const plan of [...(mirror.cluster?.plans.values() ?? [])].reverse()) {
    const at = plan.moves.findIndex(
      (it, index) =>
        it.shard === ref.shard && it.group === ref.group && plan.progress[index]?.epoch === epoch,
    );
    const move = plan.moves[at];
    if (move !== undefined && plan.progress[at]?.state === "done") {
      return { planId: plan.planId, kind: plan.kind, by: plan.by, why: move.why };
    }
  }
  return null;
}
