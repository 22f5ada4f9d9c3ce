import type { NodeRow, PlanRow } from "../cluster.ts";
import { daemonGroup, workersLimit } from "../daemons.ts";
import type { NodeId, ShardRef } from "../ids.ts";
import type { PlanState } from "../log.ts";
import type { AdminAnswer, AdminCommand, PlanVerb } from "../messages.ts";
import { done, type Refusal, refuse, refuseNode, unknownPlan } from "./answers.ts";
import { planUndo, previewPlan, proposePlan } from "./ask-plan.ts";
import { planDrain } from "./planner.ts";
import { propose, staleness } from "./plans.ts";
import { findPreview } from "./preview.ts";
import type { Turn } from "./turn.ts";

/** What an operator asks for. Each answer is given only after what it says has been committed. */
export function control(turn: Turn, command: AdminCommand): AdminAnswer {
  switch (command.tag) {
    case "plan":
      return proposePlan(turn, command.request, command.by);
    case "preview":
      return previewPlan(turn, command.request, command.by);
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
  if (plan === undefined)
    return verb === "apply" ? applyPreview(turn, planId, by) : unknownPlan(planId);
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
    return stale(why);
  }
  turn.emit({ type: "plan-state-changed", planId, state: to, why: null });
  return done(planId);
}

const stale = (why: string): Refusal =>
  refuse("PLAN_STALE", `${why} Make the plan again from the present state.`);

/** Written down and applied in one commit, so that nobody comes in between; a second time it is known as a plan. */
function applyPreview(turn: Turn, planId: string, by: string): AdminAnswer {
  const proposal = findPreview(turn, planId);
  if (proposal === null) return unknownPlan(planId);
  const why = staleness(turn, proposal);
  if (why !== null) return stale(why);
  turn.emit({ ...proposal, by, type: "plan-proposed" });
  turn.emit({ type: "plan-state-changed", planId, state: "applying", why: null });
  return done(planId);
}

function undo(turn: Turn, plan: PlanRow, by: string): AdminAnswer {
  const back = planUndo(turn, plan);
  if ("ok" in back) return back;
  return done(propose(turn, { kind: "undo", by, node: null, undoes: plan.planId }, back.moves));
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
  if (node === undefined || refusal !== null) return refusal as Refusal;
  const { incarnation } = node;
  turn.emit({ type: "node-draining", nodeId, incarnation });
  const planId = propose(
    turn,
    { kind: "drain", by, node: nodeId, undoes: null },
    planDrain(turn, node).moves,
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
