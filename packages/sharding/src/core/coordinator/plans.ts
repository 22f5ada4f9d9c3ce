import { type Candidate, type OwnedShard, type ProposedMove, spreadOf } from "../allocation.ts";
import { type NodeRow, type PlanRow, shardsAtWork } from "../cluster.ts";
import { type GroupName, type NodeRef, type ShardRef, sameNode } from "../ids.ts";
import type { PlanKind, PlanMove, PlanProposal } from "../log.ts";
import { beginHandoff } from "./handoff.ts";
import type { Turn } from "./turn.ts";

/**
 * Plans: moves with a reason, proposed before they are applied, and driven a few at a time. A plan
 * lives in the rows, so it survives its coordinator.
 */

/** Moves that balance these groups as they are, each by its own strategy. @param groups @default all */
export function planRebalance(
  turn: Turn,
  groups: Iterable<GroupName> = turn.cluster.groups.keys(),
): readonly ProposedMove[] {
  return [...groups].flatMap((group) => {
    const candidates = turn.candidates(group);
    if (candidates.length === 0) return [];
    const moves = turn.strategy(group).rebalance(atWorkIn(turn, group), candidates);
    // The state could not go there. When the link heals the cluster is looked at again.
    return moves.filter((move) => !turn.areApart(move.from, move.to));
  });
}

/** Moves that empty a node. */
export function planDrain(turn: Turn, node: NodeRow): readonly ProposedMove[] {
  return [...turn.cluster.groups.keys()].flatMap((group) => {
    const all = turn.candidates(group, node.nodeId);
    const near = all.filter((candidate) => !turn.areApart(candidate.node, node));
    // Without a link the state is not carried over, and a shard without any would still move.
    const candidates = near.length > 0 ? near : all;
    if (candidates.length === 0) return [];
    // What is on its way here goes back to its source when it is released.
    const leaving = ownedIn(turn, group).filter(
      (shard) => sameNode(shard.owner, node) && turn.cluster.row(shard).state !== "handing-off",
    );
    const homes = turn.strategy(group).place(turn.balance.weighed(leaving), candidates);
    return leaving.map((shard, i) => {
      const { group: name, shard: index, owner: from } = shard;
      const to = homes[i] as NodeRef;
      const why = `${node.nodeId} is being drained; ${to.nodeId} has the most room`;
      return { group: name, shard: index, from, to, why };
    });
  });
}

export interface Proposal {
  readonly kind: PlanKind;
  readonly by: string;
  readonly node: string | null;
  readonly undoes: string | null;
}

/** Writes the plan down, not applied. @returns its id. */
export function propose(turn: Turn, proposal: Proposal, moves: readonly ProposedMove[]): string {
  const planId = turn.id("p");
  const full: PlanProposal = {
    planId,
    ...proposal,
    basedOnSeq: turn.cluster.seq,
    moves: moves.map((move) => ({ ...move, epoch: turn.cluster.row(move).epoch })),
    ...spreads(turn, moves),
  };
  turn.emit({ ...full, type: "plan-proposed" });
  return planId;
}

/** Why a plan cannot be applied as it was made, or null. Only what it names counts. */
export function staleness(turn: Turn, plan: PlanRow): string | null {
  for (const move of plan.moves) {
    const row = turn.cluster.row(move);
    const name = `Shard ${move.group}/${move.shard}`;
    if (row.state === "unallocated" || !sameNode(row.owner, move.from))
      return `${name} is not on ${move.from.nodeId} any more.`;
    if (row.epoch !== move.epoch)
      return `${name} is at epoch ${row.epoch}, the plan saw ${move.epoch}.`;
    const target = turn.member(move.to);
    if (target === null) return `Node ${move.to.nodeId} is not the one that the plan saw.`;
    if (target.state !== "up") return `Node ${move.to.nodeId} is ${target.state}.`;
  }
  return null;
}

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
    const verdict = canStart(turn, move);
    if (verdict === "busy") continue;
    if (verdict === "ready" && beginHandoff(turn, move, move.to, planId)) {
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
      const why = verdict === "ready" ? "its home is gone" : verdict;
      turn.emit({ type: "move-state-changed", planId, index, state: "skipped", why, epoch: null });
    }
  }
  return inFlight;
}

/** `ready`, `busy` (between homes: later), or why the move has become pointless. */
function canStart(turn: Turn, move: PlanMove): string {
  const row = turn.cluster.row(move);
  if (row.state === "unallocated") return "it has no home";
  if (!sameNode(row.owner, move.from)) return `it is on ${row.owner.nodeId} now`;
  if (row.epoch !== move.epoch) return `it is at epoch ${row.epoch} now`;
  const target = turn.member(move.to);
  if (target?.state !== "up") return `${move.to.nodeId} is not up`;
  if (target.cordoned) return `${move.to.nodeId} is cordoned`;
  return row.state === "hosted" ? "ready" : "busy";
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
  const moves = planDrain(turn, node);
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
  const moves = planRebalance(turn, groups);
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

function ownedIn(turn: Turn, group: string): readonly OwnedShard[] {
  const owned: OwnedShard[] = [];
  turn.cluster.shards.get(group)?.forEach((row, shard) => {
    if (row.state === "unallocated") return;
    // A shard on its way counts where it is going, and is not moved again before it has arrived.
    const owner = row.state === "handing-off" ? row.handoff.to : row.owner;
    const isResting = turn.balance.isResting({ group, shard });
    const movable = row.state === "hosted" && !row.pinned && !isResting;
    owned.push({ group, shard, owner, movable });
  });
  return turn.balance.weighed(owned);
}

/** Without those that a daemon does not need at present: they weigh nothing, wherever they are. */
function atWorkIn(turn: Turn, group: string): readonly OwnedShard[] {
  const spec = turn.cluster.groups.get(group);
  const atWork = spec === undefined ? 0 : shardsAtWork(spec);
  return ownedIn(turn, group).filter(({ shard }) => shard < atWork);
}

function spreads(
  turn: Turn,
  moves: readonly ShardMove[],
): { spreadBefore: number; spreadAfter: number } {
  let before = 0;
  let after = 0;
  for (const group of turn.cluster.groups.keys()) {
    const perLoad = perLoadIn(turn, group);
    const weight = (shard: ShardRef): number =>
      perLoad === null ? 1 : (turn.balance.loadOf(shard) ?? 0) * perLoad;
    const candidates = turn
      .candidates(group)
      .map((one) => (perLoad === null ? one : { ...one, shards: (one.load ?? 0) * perLoad }));
    const inGroup = moves.filter((move) => move.group === group);
    before += spreadOf(candidates);
    after += spreadOf(candidates.map((one) => afterMoves(one, inGroup, weight)));
  }
  return { spreadBefore: before, spreadAfter: after };
}

type ShardMove = ShardRef & { readonly from: NodeRef; readonly to: NodeRef };

/** How much a load counts, where the average shard counts as one. Null: shards count alike. */
function perLoadIn(turn: Turn, group: GroupName): number | null {
  const loads = [...turn.balance.loadsIn(group).values()];
  const total = loads.reduce((sum, load) => sum + load, 0);
  return total === 0 ? null : (turn.cluster.shards.get(group)?.length ?? 0) / total;
}

function afterMoves(
  candidate: Candidate,
  moves: readonly ShardMove[],
  weight: (shard: ShardRef) => number,
): Candidate {
  let { shards } = candidate;
  for (const move of moves) {
    if (sameNode(move.to, candidate.node)) shards += weight(move);
    if (sameNode(move.from, candidate.node)) shards -= weight(move);
  }
  return { ...candidate, shards };
}
