import type { ProposedMove } from "../allocation.ts";
import { canServe, isProxy, type NodeRow, type PlanRow } from "../cluster.ts";
import { daemonGroup, workersLimit } from "../daemons.ts";
import { type NodeId, type ShardRef, sameNode } from "../ids.ts";
import type { PlanState } from "../log.ts";
import type {
  AdminAnswer,
  AdminCommand,
  AdminErrorCode,
  PlanRequest,
  PlanVerb,
} from "../messages.ts";
import { planDrain, planRebalance, propose, staleness } from "./plans.ts";
import type { Turn } from "./turn.ts";

/** What an operator asks for. Each answer is given only after what it says has been committed. */
export function control(turn: Turn, command: AdminCommand): AdminAnswer {
  switch (command.tag) {
    case "plan":
      return proposePlan(turn, command.request, command.by);
    case "plan-control":
      return controlPlan(turn, command.planId, command.verb, command.by);
    case "cordon":
    case "uncordon":
      return cordon(turn, command.nodeId, command.tag === "cordon");
    case "drain":
      return drain(turn, command.nodeId, command.by);
    case "unpin":
      return unpin(turn, command);
    case "scale":
      return scale(turn, command.daemon, command.workers);
    default:
      return command satisfies never;
  }
}

const done = (planId: string | null = null): AdminAnswer => ({ ok: true, seq: 0, planId });
const refuse = (code: AdminErrorCode, why: string): AdminAnswer => ({ ok: false, code, why });

function proposePlan(turn: Turn, request: PlanRequest, by: string): AdminAnswer {
  switch (request.kind) {
    case "rebalance": {
      const moves = planRebalance(turn);
      return done(propose(turn, { kind: "rebalance", by, node: null, undoes: null }, moves));
    }
    case "drain": {
      const node = turn.cluster.nodes.get(request.node);
      const refusal = refuseNode(node, request.node);
      if (node === undefined || refusal !== null) return refusal as AdminAnswer;
      const moves = planDrain(turn, node);
      return done(propose(turn, { kind: "drain", by, node: request.node, undoes: null }, moves));
    }
    case "move":
      return proposeMoves(turn, request.moves, by);
    default:
      return request satisfies never;
  }
}

function proposeMoves(
  turn: Turn,
  wanted: readonly (ShardRef & { readonly to: NodeId })[],
  by: string,
): AdminAnswer {
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
    if (target === undefined || refusal !== null) return refusal as AdminAnswer;
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
  return done(propose(turn, { kind: "move", by, node: null, undoes: null }, moves));
}

/** Which states a verb may find, and where it leads. */
const verbs: Readonly<
  Record<Exclude<PlanVerb, "undo">, { from: readonly PlanState[]; to: PlanState }>
> = {
  apply: { from: ["proposed"], to: "applying" },
  pause: { from: ["applying"], to: "paused" },
  resume: { from: ["paused"], to: "applying" },
  // Handoffs in flight are finished: a cancelled plan leaves no shard without a home.
  cancel: { from: ["proposed", "applying", "paused"], to: "cancelled" },
};

function controlPlan(turn: Turn, planId: string, verb: PlanVerb, by: string): AdminAnswer {
  const plan = turn.cluster.plans.get(planId);
  if (plan === undefined) return refuse("PLAN_UNKNOWN", `There is no plan ${planId}.`);
  if (verb === "undo") return undo(turn, plan, by);
  const { from, to } = verbs[verb];
  // Asked twice: the first one did it.
  if (plan.state === to || (verb === "apply" && plan.state === "done")) return done(planId);
  if (!from.includes(plan.state)) {
    return refuse(
      "PLAN_STATE",
      `Plan ${planId} is ${plan.state}; ${verb} needs ${from.join(" or ")}.`,
    );
  }
  const why = verb === "apply" ? staleness(turn, plan) : null;
  if (why !== null) {
    turn.emit({ type: "plan-state-changed", planId, state: "stale", why });
    return refuse("PLAN_STALE", `${why} Make the plan again from the present state.`);
  }
  turn.emit({ type: "plan-state-changed", planId, state: to, why: null });
  return done(planId);
}

/** The inverse, for shards that are still where, and as, the plan left them. */
function undo(turn: Turn, plan: PlanRow, by: string): AdminAnswer {
  const over: readonly PlanState[] = ["done", "cancelled", "failed"];
  if (!over.includes(plan.state)) {
    return refuse(
      "PLAN_STATE",
      `Plan ${plan.planId} is ${plan.state}; undo needs it to be over. Cancel it first.`,
    );
  }
  const moves: ProposedMove[] = [];
  plan.moves.forEach((move, index) => {
    const progress = plan.progress[index];
    const row = turn.cluster.row(move);
    const back = turn.cluster.nodes.get(move.from.nodeId);
    if (progress?.state !== "done" || row.state !== "hosted" || row.epoch !== progress.epoch)
      return;
    const { group, shard } = move;
    if (back === undefined || !turn.isCandidate(back) || !canServe(back, group)) return;
    const to = { nodeId: back.nodeId, incarnation: back.incarnation };
    moves.push({ group, shard, from: row.owner, to, why: `takes back ${plan.planId}` });
  });
  return done(propose(turn, { kind: "undo", by, node: null, undoes: plan.planId }, moves));
}

function cordon(turn: Turn, nodeId: NodeId, on: boolean): AdminAnswer {
  const node = turn.cluster.nodes.get(nodeId);
  if (node === undefined) return refuse("NODE_UNKNOWN", `There is no node ${nodeId}.`);
  if (node.cordoned !== on) {
    turn.emit({ type: on ? "node-cordoned" : "node-uncordoned", nodeId });
  }
  if (on) return done();
  turn.rebalanceDue = true;
  turn.allocationDue = true;
  if (node.state === "draining" || node.state === "drained") restore(turn, node);
  return done();
}

function restore(turn: Turn, node: NodeRow): void {
  const { nodeId, incarnation } = node;
  for (const plan of turn.cluster.plans.values()) {
    if (plan.node !== nodeId || (plan.state !== "applying" && plan.state !== "paused")) continue;
    const why = `${nodeId} takes part again`;
    turn.emit({ type: "plan-state-changed", planId: plan.planId, state: "cancelled", why });
  }
  turn.emit({ type: "node-restored", nodeId, incarnation });
}

function drain(turn: Turn, nodeId: NodeId, by: string): AdminAnswer {
  const node = turn.cluster.nodes.get(nodeId);
  if (node?.state === "draining" || node?.state === "drained") {
    const plan = [...turn.cluster.plans.values()].findLast((p) => p.node === nodeId);
    return done(plan?.planId ?? null);
  }
  const refusal = refuseNode(node, nodeId);
  if (node === undefined || refusal !== null) return refusal as AdminAnswer;
  const { incarnation } = node;
  turn.emit({ type: "node-draining", nodeId, incarnation });
  const planId = propose(
    turn,
    { kind: "drain", by, node: nodeId, undoes: null },
    planDrain(turn, node),
  );
  turn.emit({ type: "plan-state-changed", planId, state: "applying", why: null });
  return done(planId);
}

function unpin(turn: Turn, ref: ShardRef): AdminAnswer {
  const { group, shard } = ref;
  const row = turn.cluster.shards.get(group)?.[shard];
  if (row === undefined) return refuse("SHARD_UNKNOWN", `There is no shard ${group}/${shard}.`);
  if (row.pinned) turn.emit({ type: "shard-unpinned", group, shard });
  turn.rebalanceDue = true;
  return done();
}

function refuseTarget(node: NodeRow | undefined, nodeId: NodeId): AdminAnswer | null {
  const refusal = refuseNode(node, nodeId);
  if (refusal !== null || node === undefined) return refusal;
  if (isProxy(node))
    return refuse("MOVE_INVALID", `Node ${nodeId} is a proxy: it hosts no shards.`);
  if (!node.cordoned) return null;
  const why = `Node ${nodeId} is cordoned: it gets no shards. Uncordon it first.`;
  return refuse("NODE_NOT_UP", why);
}

function refuseNode(node: NodeRow | undefined, nodeId: NodeId): AdminAnswer | null {
  if (node === undefined) return refuse("NODE_UNKNOWN", `There is no node ${nodeId}.`);
  if (node.state === "up") return null;
  return refuse("NODE_NOT_UP", `Node ${nodeId} is ${node.state}.`);
}

function scale(turn: Turn, daemon: string, workers: number): AdminAnswer {
  const group = daemonGroup(daemon);
  const spec = turn.cluster.groups.get(group);
  if (spec?.workers === undefined)
    return refuse("DAEMON_UNKNOWN", `No node of this cluster has ever run a daemon "${daemon}".`);
  if (workers > workersLimit)
    return refuse("SCALE_INVALID", `${workers} workers are more than ${workersLimit}.`);
  if (workers === spec.workers) return done();
  turn.emit({ type: "group-scaled", group, workers, added: Math.max(0, workers - spec.shards) });
  for (let shard = spec.workers; shard < Math.min(workers, spec.shards); shard += 1) {
    // It ran here before the daemon was scaled down: what runs now needs a fence of its own.
    const row = turn.cluster.row({ group, shard });
    if (row.state === "hosted" || row.state === "starting")
      turn.assign({ group, shard }, row.owner, "allocated", null);
  }
  turn.allocationDue = true;
  turn.rebalanceDue = true;
  return done();
}
