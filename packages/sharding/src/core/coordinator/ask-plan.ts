import type { ProposedMove } from "../allocation.ts";
import { canServe, ownerOf, type PlanRow } from "../cluster.ts";
import { type NodeId, type ShardRef, sameNode } from "../ids.ts";
import type { PlanMove, PlanState } from "../log.ts";
import type { AdminAnswer, PlanRequest } from "../messages.ts";
import { type BlockedMove, packPreview, type WhatIf } from "../preview.ts";
import {
  done,
  type Refusal,
  refuse,
  refuseNode,
  refuseProxy,
  refuseTarget,
  unknownPlan,
} from "./answers.ts";
import { type Drawn, planDrain, planRebalance } from "./planner.ts";
import { type Proposal, propose } from "./plans.ts";
import { preview } from "./preview.ts";
import type { Turn } from "./turn.ts";

/** The plan that an operator asks for: written down, or only looked at. */
type Planned = Drawn & Pick<Proposal, "kind" | "node" | "undoes"> & { readonly whatIf: WhatIf };

/** @returns the plan that was asked for, or why there is none. */
function draw(turn: Turn, request: PlanRequest, by: string): Planned | Refusal {
  const nothing = { node: null, undoes: null, whatIf: {} };
  switch (request.kind) {
    case "rebalance": {
      const { whatIf = {} } = request;
      const refusal = refuseWhatIf(turn, whatIf);
      if (refusal !== null) return refusal;
      return { ...nothing, kind: "rebalance", whatIf, ...planRebalance(turn, undefined, whatIf) };
    }
    case "drain": {
      const node = turn.cluster.nodes.get(request.node);
      const refusal = refuseNode(node, request.node);
      if (node === undefined || refusal !== null) return refusal as Refusal;
      return { ...nothing, kind: "drain", node: request.node, ...planDrain(turn, node) };
    }
    case "move": {
      const moves = namedMoves(turn, request.moves, by);
      if (!Array.isArray(moves)) return moves as Refusal;
      return { ...nothing, kind: "move", moves, blocked: [], leftOut: 0, notes: [] };
    }
    case "undo": {
      const plan = turn.cluster.plans.get(request.planId);
      if (plan === undefined) return unknownPlan(request.planId);
      const back = planUndo(turn, plan);
      return "ok" in back ? back : { ...nothing, kind: "undo", undoes: plan.planId, ...back };
    }
    default:
      return request satisfies never;
  }
}

export function proposePlan(turn: Turn, request: PlanRequest, by: string): AdminAnswer {
  const planned = draw(turn, request, by);
  if ("ok" in planned) return planned;
  const { kind, node, undoes, moves, whatIf } = planned;
  return done(propose(turn, { kind, by, node, undoes }, moves, whatIf));
}

export function previewPlan(turn: Turn, request: PlanRequest, by: string): AdminAnswer {
  const planned = draw(turn, request, by);
  if ("ok" in planned) return planned;
  const { kind, node, undoes, whatIf } = planned;
  const looked = preview(turn, { kind, by, node, undoes }, planned, whatIf);
  return { ...done(), preview: packPreview(looked) };
}

function refuseWhatIf(turn: Turn, { cordon = [], weights = {} }: WhatIf): Refusal | null {
  for (const nodeId of [...cordon, ...Object.keys(weights)]) {
    const node = turn.cluster.nodes.get(nodeId);
    if (node === undefined) return refuse("NODE_UNKNOWN", `There is no node ${nodeId}.`);
    const refusal = refuseProxy(node);
    if (refusal !== null) return refusal;
  }
  return null;
}

function namedMoves(
  turn: Turn,
  wanted: readonly (ShardRef & { readonly to: NodeId })[],
  by: string,
): readonly ProposedMove[] | Refusal {
  const moves: ProposedMove[] = [];
  const named = new Set<string>();
  for (const { group, shard, to } of wanted) {
    const name = `${group}/${shard}`;
    const row = turn.cluster.shards.get(group)?.[shard];
    if (row === undefined) return refuse("SHARD_UNKNOWN", `There is no shard ${name}.`);
    if (named.has(name)) return refuse("MOVE_INVALID", `Shard ${name} is named twice.`);
    named.add(name);
    const target = turn.cluster.nodes.get(to);
    const refusal = refuseTarget(target, to);
    if (target === undefined || refusal !== null) return refusal as Refusal;
    if (!canServe(target, group))
      return refuse("MOVE_INVALID", `Node ${to} does not run what lives in group "${group}".`);
    if (row.state !== "hosted")
      return refuse(
        "MOVE_INVALID",
        `Shard ${name} is ${row.state}; it can be moved when it is hosted.`,
      );
    if (sameNode(row.owner, target))
      return refuse("MOVE_INVALID", `Shard ${name} is already on ${to}.`);
    const goal = { nodeId: target.nodeId, incarnation: target.incarnation };
    moves.push({ group, shard, from: row.owner, to: goal, why: `${by} asked for it` });
  }
  if (moves.length === 0) return refuse("MOVE_INVALID", "The plan names no shard.");
  return moves;
}

/** The inverse, for shards that are still where, and as, the plan left them. */
export function planUndo(turn: Turn, plan: PlanRow): Drawn | Refusal {
  const over: readonly PlanState[] = ["done", "cancelled", "failed"];
  if (!over.includes(plan.state)) {
    return refuse(
      "PLAN_STATE",
      `Plan ${plan.planId} is ${plan.state}; undo needs it to be over. Cancel it first.`,
    );
  }
  const moves: ProposedMove[] = [];
  const blocked: BlockedMove[] = [];
  plan.moves.forEach((move, index) => {
    if (plan.progress[index]?.state !== "done") return;
    const { group, shard } = move;
    const why = whyNotBack(turn, move, plan.progress[index]?.epoch ?? null);
    const row = turn.cluster.row(move);
    if (why !== null || row.state === "unallocated") {
      blocked.push({ group, shard, on: ownerOf(row)?.nodeId ?? "-", ...(why ?? homeless) });
      return;
    }
    const { nodeId, incarnation } = turn.cluster.node(move.from.nodeId);
    const to = { nodeId, incarnation };
    moves.push({ group, shard, from: row.owner, to, why: `takes back ${plan.planId}` });
  });
  return { moves, blocked, leftOut: 0, notes: [] };
}

const homeless = { code: "changed", why: "it has no home" } as const;

function whyNotBack(
  turn: Turn,
  { group, shard, from }: PlanMove,
  epoch: number | null,
): Pick<BlockedMove, "code" | "why"> | null {
  const row = turn.cluster.row({ group, shard });
  if (row.state === "unallocated") return homeless;
  if (row.epoch !== epoch) {
    const why = `it has moved on: epoch ${row.epoch} on ${row.owner.nodeId}, and the plan left it at ${epoch}`;
    return { code: "changed", why };
  }
  if (row.state !== "hosted") return { code: "handoff", why: `it is ${row.state}` };
  const back = turn.cluster.nodes.get(from.nodeId);
  if (back === undefined || !turn.isCandidate(back)) {
    const state = back?.cordoned === true ? "cordoned" : (back?.state ?? "gone");
    return { code: "target-off", why: `${from.nodeId}, where it was, is ${state}` };
  }
  if (canServe(back, group)) return null;
  return { code: "no-target", why: `${from.nodeId} does not run what lives in group ${group}` };
}
