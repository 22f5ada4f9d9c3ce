import type { ProposedMove } from "../allocation.ts";
import type { NodeRow, PlanRow } from "../cluster.ts";
import { type NodeRef, sameNode } from "../ids.ts";
import type { PlanKind, PlanProposal } from "../log.ts";
import { moveVerdict, staleMoves } from "../plan-check.ts";
import type { WhatIf } from "../preview.ts";
import { beginHandoff } from "./handoff.ts";
import { planDrain, planRebalance } from "./planner.ts";
import { spreads } from "./spread.ts";
import type { Turn } from "./turn.ts";

/**
 * Plans: moves with a reason, proposed before they are applied, and driven a few at a time. A plan
 * lives in the rows, so it survives its coordinator.
 */

export interface Proposal {
  readonly kind: PlanKind;
  readonly by: string;
  readonly node: string | null;
  readonly undoes: string | null;
}

/** The plan as it would be written down, with an id of its own. */
export function drawUp(
  turn: Turn,
  proposal: Proposal,
  moves: readonly ProposedMove[],
  whatIf: WhatIf = {},
): PlanProposal {
  return {
    planId: turn.id("p"),
    ...proposal,
    basedOnSeq: turn.cluster.seq,
    moves: moves.map((move) => ({ ...move, epoch: turn.cluster.row(move).epoch })),
    ...spreads(turn, moves, whatIf),
  };
}

/** Writes the plan down, not applied. @returns its id. */
export function propose(
  turn: Turn,
  proposal: Proposal,
  moves: readonly ProposedMove[],
  whatIf?: WhatIf,
): string {
  const plan = drawUp(turn, proposal, moves, whatIf);
  turn.emit({ ...plan, type: "plan-proposed" });
  return plan.planId;
}

/** Why a plan cannot be applied as it was made, or null. */
export const staleness = (
  turn: Turn,
  plan: Pick<PlanProposal, "planId" | "moves">,
): string | null => staleMoves(turn.cluster, plan, 1)[0]?.why ?? null;

/** Starts moves of applying plans as far as the limit allows, and ends plans that are through. */
export function drivePlans(turn: Turn): void {
  let inFlight = 0;
  for (const order of turn.work.orders.values()) if (order.state === "handing-off") inFlight += 1;
  for (const plan of turn.cluster.plans.values()) {
    if (plan.state !== "applying") continue;
    inFlight = drivePlan(turn, plan, inFlight);
    endWhenThrough(turn, plan.planId);
  }
  for (const node of turn.cluster.nodes.values())
    if (node.state === "draining") drainOn(turn, node);
}

function drivePlan(turn: Turn, plan: PlanRow, inFlightBefore: number): number {
  let inFlight = inFlightBefore;
  const { planId } = plan;
  for (const [index, move] of plan.moves.entries()) {
    if (inFlight >= turn.options.movesInFlight) break;
    if (plan.progress[index]?.state !== "pending") continue;
    const verdict = moveVerdict(turn.cluster, move);
    if (verdict.tag === "busy") continue;
    if (verdict.tag === "ready" && beginHandoff(turn, move, move.to, planId)) {
      turn.emit({
        type: "move-state-changed",
        planId,
        index,
        state: "moving",
        why: null,
        epoch: null,
      });
      inFlight += 1;
    } else {
      const why = verdict.tag === "ready" ? "its home is gone" : verdict.why;
      turn.emit({ type: "move-state-changed", planId, index, state: "skipped", why, epoch: null });
    }
  }
  return inFlight;
}

function endWhenThrough(turn: Turn, planId: string): void {
  const plan = turn.cluster.plans.get(planId) as PlanRow;
  const open = plan.progress.some((m) => m.state === "pending" || m.state === "moving");
  if (open) return;
  const failed = plan.progress.filter((m) => m.state === "failed").length;
  const hasFailed = failed > 0 && failed === plan.moves.length;
  const why = failed > 0 ? `${failed} of ${plan.moves.length} moves failed` : null;
  turn.emit({ type: "plan-state-changed", planId, state: hasFailed ? "failed" : "done", why });
  if (plan.kind === "move") pinArrived(turn, planId);
}

/** An operator put these shards where they are: the automatic rebalance leaves them there. */
function pinArrived(turn: Turn, planId: string): void {
  const plan = turn.cluster.plans.get(planId) as PlanRow;
  plan.moves.forEach(({ group, shard }, index) => {
    if (plan.progress[index]?.state !== "done" || turn.cluster.row({ group, shard }).pinned) return;
    turn.emit({ type: "shard-pinned", group, shard });
  });
}

/** A draining node keeps being emptied until it owns nothing: one plan may have missed shards on their way. */
function drainOn(turn: Turn, node: NodeRow): void {
  if (hasOpenPlan(turn, node.nodeId)) return;
  const { nodeId, incarnation } = node;
  if (!isNeeded(turn, node)) {
    turn.emit({ type: "node-drained", nodeId, incarnation });
    return;
  }
  const { moves } = planDrain(turn, node);
  if (moves.length === 0) return;
  const planId = propose(turn, { kind: "drain", by: "auto", node: nodeId, undoes: null }, moves);
  turn.emit({ type: "plan-state-changed", planId, state: "applying", why: null });
}

/**
 * The cluster's own rebalance, when nothing else is moving: of all groups when the cluster has changed, and every
 * few seconds of those that are balanced by load.
 */
export function rebalanceWhenDue(turn: Turn): void {
  const { balance } = turn;
  if (!turn.rebalanceDue && !balance.isLookDue) return;
  if (turn.settling || isMoving(turn)) return;
  const groups = [...turn.cluster.groups.keys()].filter((group) =>
    balance.isByLoad(group) ? balance.isLookDue : turn.rebalanceDue,
  );
  turn.rebalanceDue = false;
  if (balance.isLookDue) balance.looked();
  if (groups.length === 0 || turn.options.rebalance === "manual") return;
  const { moves } = planRebalance(turn, groups);
  if (moves.length === 0) return;
  const planId = propose(turn, { kind: "rebalance", by: "auto", node: null, undoes: null }, moves);
  turn.emit({ type: "plan-state-changed", planId, state: "applying", why: null });
}

/** A shard is between two homes, or an operator or the cluster is about to move some. */
function isMoving(turn: Turn): boolean {
  if (turn.work.orders.size > 0) return true;
  const plans = [...turn.cluster.plans.values()];
  return plans.some(({ state }) => state === "applying" || state === "paused");
}

const hasOpenPlan = (turn: Turn, nodeId: string): boolean =>
  [...turn.cluster.plans.values()].some(
    (plan) => plan.node === nodeId && (plan.state === "applying" || plan.state === "paused"),
  );

/** It owns a shard, or keeps the frozen copy of one whose target does not serve yet. */
function isNeeded(turn: Turn, node: NodeRef): boolean {
  for (const rows of turn.cluster.shards.values()) {
    for (const row of rows) {
      if (row.state === "unallocated") continue;
      const source = row.state === "starting" ? row.carried?.from : undefined;
      if (sameNode(row.owner, node) || (source !== undefined && sameNode(source, node)))
        return true;
    }
  }
  return false;
}
