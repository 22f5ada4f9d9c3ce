import type { ClusterState, NodeRow, PlanRow, ShardRow } from "./cluster.ts";
import { type NodeRef, type ShardRef, sameNode, shardKey } from "./ids.ts";
import type { PlanMove } from "./log.ts";

/**
 * Whether a plan's moves still make sense, from the rows alone.
 *
 * The coordinator decides by this, and whoever watches asks the same: why a plan would be refused, or why a move
 * waits, is never guessed a second time elsewhere.
 */
export type ClusterRows = Pick<ClusterState, "nodes" | "shards" | "plans">;

export interface StaleMove {
  /** In the plan's moves. */
  readonly index: number;
  /** A sentence. */
  readonly why: string;
}

/** Moves that keep the plan from being applied as it was made. Only what the plan names counts. */
export function staleMoves(
  cluster: ClusterRows,
  plan: { readonly planId: string; readonly moves: readonly PlanMove[] },
  limit: number = Number.POSITIVE_INFINITY,
): readonly StaleMove[] {
  const busy = openMoves(cluster, plan.planId);
  const stale: StaleMove[] = [];
  for (const [index, move] of plan.moves.entries()) {
    if (stale.length >= limit) break;
    const why = staleness(cluster, move, busy.get(shardKey(move)));
    if (why !== null) stale.push({ index, why });
  }
  return stale;
}

function staleness(cluster: ClusterRows, move: PlanMove, other: string | undefined): string | null {
  const row = rowOf(cluster, move);
  const name = `Shard ${move.group}/${move.shard}`;
  if (row.state === "unallocated" || !sameNode(row.owner, move.from))
    return `${name} is not on ${move.from.nodeId} any more.`;
  if (row.epoch !== move.epoch)
    return `${name} is at epoch ${row.epoch}, the plan saw ${move.epoch}.`;
  if (other !== undefined) return `${name} is being moved by plan ${other}.`;
  const target = memberOf(cluster, move.to);
  if (target === null) return `Node ${move.to.nodeId} is not the one that the plan saw.`;
  return target.state === "up" ? null : `Node ${move.to.nodeId} is ${target.state}.`;
}

/** Shards that other plans are about to move, with the plan. */
function openMoves(cluster: ClusterRows, except: string): ReadonlyMap<string, string> {
  const open = new Map<string, string>();
  for (const plan of cluster.plans.values()) {
    if (plan.planId === except || (plan.state !== "applying" && plan.state !== "paused")) continue;
    plan.progress.forEach(({ state }, index) => {
      const move = plan.moves[index];
      if (move !== undefined && (state === "pending" || state === "moving"))
        open.set(shardKey(move), plan.planId);
    });
  }
  return open;
}

export type MoveVerdict =
  | { readonly tag: "ready" }
  /** Later: the shard is between two homes. */
  | { readonly tag: "busy"; readonly why: string }
  /** Never: what the plan saw has passed. */
  | { readonly tag: "pointless"; readonly why: string };

/** Whether a move that waits may begin. */
export function moveVerdict(cluster: ClusterRows, move: PlanMove): MoveVerdict {
  const pointless = (why: string): MoveVerdict => ({ tag: "pointless", why });
  const row = rowOf(cluster, move);
  if (row.state === "unallocated") return pointless("it has no home");
  if (!sameNode(row.owner, move.from)) return pointless(`it is on ${row.owner.nodeId} now`);
  if (row.epoch !== move.epoch) return pointless(`it is at epoch ${row.epoch} now`);
  const target = memberOf(cluster, move.to);
  if (target?.state !== "up") return pointless(`${move.to.nodeId} is not up`);
  if (target.cordoned) return pointless(`${move.to.nodeId} is cordoned`);
  if (row.state === "hosted") return { tag: "ready" };
  if (row.state === "starting")
    return { tag: "busy", why: `it is starting on ${row.owner.nodeId}` };
  const { id, to } = row.handoff;
  return { tag: "busy", why: `handoff ${id} takes it to ${to.nodeId} already` };
}

/** Why a move of a plan is not under way, or null where it is, or is over without a reason. */
export function whyNotMoving(cluster: ClusterRows, plan: PlanRow, index: number): string | null {
  const move = plan.moves[index];
  const progress = plan.progress[index];
  if (move === undefined || progress === undefined || progress.state === "moving") return null;
  if (progress.state !== "pending") return progress.why;
  if (plan.state === "proposed") return "the plan has not been applied";
  if (plan.state === "cancelled") return "the plan was cancelled before its turn came";
  const verdict = moveVerdict(cluster, move);
  if (verdict.tag !== "ready") return verdict.why;
  if (plan.state === "paused") return "the plan is paused";
  if (plan.state !== "applying") return `the plan is ${plan.state}`;
  const moving = plan.progress.filter(({ state }) => state === "moving").length;
  const ahead = plan.progress.slice(0, index).filter(({ state }) => state === "pending").length;
  return `only so many move at once: ${moving} of this plan are moving, ${ahead} are before it`;
}

function rowOf(cluster: ClusterRows, { group, shard }: ShardRef): ShardRow {
  const gone = { state: "unallocated", epoch: 0, pinned: false } as const;
  return cluster.shards.get(group)?.[shard] ?? gone;
}

function memberOf(cluster: ClusterRows, node: NodeRef): NodeRow | null {
  const row = cluster.nodes.get(node.nodeId);
  return row !== undefined && sameNode(row, node) && row.state !== "dead" ? row : null;
}
