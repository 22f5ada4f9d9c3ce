import type { ShardRow } from "../cluster.ts";
import { type NodeRef, type ShardRef, sameNode } from "../ids.ts";
import type { PlanState } from "../log.ts";
import type { HandoffRef, Released, ShardGrant, ToCoordinator } from "../messages.ts";
import type { Turn } from "./turn.ts";

/**
 * A planned move: `hosted -> handing-off -> starting (new home) -> hosted`.
 *
 * Every report is compared with the row: from the owner, at the row's epoch, of the row's handoff.
 * What does not match is from the past (already done) and says nothing.
 */

export function beginHandoff(
  turn: Turn,
  ref: ShardRef,
  to: NodeRef,
  planId: string | null,
): boolean {
  const row = turn.cluster.row(ref);
  if (row.state !== "hosted" || !turn.isMember(row.owner) || !turn.isMember(to)) return false;
  const { group, shard } = ref;
  const { nodeId } = row.owner;
  const target = { nodeId: to.nodeId, incarnation: to.incarnation };
  const handoffId = turn.id("h");
  const { epoch } = row;
  turn.emit({ type: "handoff-began", group, shard, handoffId, nodeId, epoch, to: target, planId });
  turn.track(ref);
  return true;
}

/** The source has stopped and the target holds the state: only now a second home may exist (S1). */
export function released(turn: Turn, from: NodeRef, report: Released): void {
  const row = currentHandoff(turn, from, report, "shards-released");
  if (row === null) return;
  const { to, planId } = row.handoff;
  const target = turn.member(to)?.state ?? "gone";
  // A target that is being drained would have to hand it on, or leave with it.
  if (target !== "up") return abortHandoff(turn, report, `its target ${to.nodeId} is ${target}`);
  const { group, shard, handoffId, digest, size } = report;
  const carried = size === 0 ? null : { handoffId, from: row.owner, digest, size };
  turn.assign(report, to, "handoff", carried);
  // The operator's word was about the home that it leaves; a plan of kind `move` says it anew.
  const kind = planId === null ? undefined : turn.cluster.plans.get(planId)?.kind;
  if (row.pinned && kind !== "move") turn.emit({ type: "shard-unpinned", group, shard });
}

/** The source drains. That decides nothing: what is not released in time is given up all the same. */
export function acked(turn: Turn, from: NodeRef, report: HandoffRef): void {
  currentHandoff(turn, from, report, "handoffs-acked");
}

export function handoffFailed(turn: Turn, from: NodeRef, report: HandoffRef, why: string): void {
  if (currentHandoff(turn, from, report, "handoffs-failed") !== null)
    abortHandoff(turn, report, why);
}

/**
 * Gives the shard back to its source under a new epoch. The source may already have frozen it, and
 * serves again only under an epoch higher than the one it released.
 */
export function abortHandoff(turn: Turn, ref: ShardRef, why: string): void {
  const row = turn.cluster.row(ref);
  if (row.state !== "handing-off") return;
  const { planId } = row.handoff;
  turn.assign({ group: ref.group, shard: ref.shard }, row.owner, "abort", null);
  if (planId !== null) settleMove(turn, planId, ref, "failed", why);
}

/** The home serves. */
export function hosted(turn: Turn, from: NodeRef, grant: ShardGrant): void {
  if (startingAt(turn, from, grant, "shards-hosted") === null) return;
  const { group, shard, epoch } = grant;
  const { nodeId, incarnation } = from;
  turn.emit({ type: "shard-hosted", group, shard, nodeId, incarnation, epoch });
  turn.track(grant);
  for (const plan of turn.cluster.plans.values()) {
    if (!finishesMoves.includes(plan.state)) continue;
    const index = plan.moves.findIndex(
      (m, i) => isMoving(plan.progress[i]?.state) && isSame(m, grant),
    );
    if (index === -1) continue;
    const arrived = sameNode((plan.moves[index] as { to: NodeRef }).to, from);
    const why = arrived ? null : `went to ${nodeId} instead`;
    settleMove(turn, plan.planId, grant, arrived ? "done" : "failed", why);
  }
}

/** The home has not got the state that it should start from. */
export function hostRefused(
  turn: Turn,
  from: NodeRef,
  refusal: ShardGrant & { readonly why: string },
): void {
  const row = startingAt(turn, from, refusal, "host-refused");
  if (row === null) return;
  const { group, shard } = refusal;
  const source = row.carried;
  // The source still has its copy, unless it is the one that refuses: then the state is lost, and an
  // empty start under a new epoch is all that is left.
  if (source !== null && !sameNode(source.from, from) && turn.keepsState(source.from)) {
    turn.assign({ group, shard }, source.from, "abort", source);
  } else {
    turn.assign({ group, shard }, from, "abort", null);
  }
}

function settleMove(
  turn: Turn,
  planId: string,
  ref: ShardRef,
  state: "done" | "failed" | "skipped",
  why: string | null,
): void {
  const plan = turn.cluster.plans.get(planId);
  const index = plan?.moves.findIndex(
    (m, i) => isMoving(plan.progress[i]?.state) && isSame(m, ref),
  );
  if (plan === undefined || index === undefined || index === -1) return;
  const { epoch } = turn.cluster.row(ref);
  turn.emit({ type: "move-state-changed", planId, index, state, why, epoch });
}

/** A cancelled plan starts no move, but those in flight end as they would have. */
const finishesMoves: readonly PlanState[] = ["applying", "paused", "cancelled"];

const isMoving = (state: string | undefined): boolean => state === "moving";
const isSame = (a: ShardRef, b: ShardRef): boolean => a.group === b.group && a.shard === b.shard;

/** The row that waits for its owner to start it, if that is what `from` speaks of. */
function startingAt(
  turn: Turn,
  from: NodeRef,
  grant: ShardGrant,
  tag: ToCoordinator["tag"],
): Extract<ShardRow, { state: "starting" }> | null {
  const row = turn.cluster.shards.get(grant.group)?.[grant.shard];
  if (row?.state !== "starting" || row.epoch !== grant.epoch) return null;
  if (sameNode(row.owner, from)) return row;
  turn.unauthorized(from, tag);
  return null;
}

function currentHandoff(
  turn: Turn,
  from: NodeRef,
  report: HandoffRef,
  tag: ToCoordinator["tag"],
): Extract<ShardRow, { state: "handing-off" }> | null {
  const row = turn.cluster.shards.get(report.group)?.[report.shard];
  if (row?.state !== "handing-off") return null;
  if (row.handoff.id !== report.handoffId || row.epoch !== report.epoch) return null;
  if (sameNode(row.owner, from)) return row;
  turn.unauthorized(from, tag);
  return null;
}
