import { type ClusterRows, type StaleMove, staleMoves } from "@leasehold/sharding/observe";
import type { Problem } from "../../wire/commands.ts";
import type { PreviewAnswer } from "../../wire/plan-preview.ts";
import type { NodeChange } from "./plan.model.ts";

/** Moves that would have the preview refused now, by the coordinator's own check on this page's copy of the rows. */
export function staleSince(
  cluster: ClusterRows,
  { planId, moves, nodes }: PreviewAnswer,
): readonly StaleMove[] {
  const lives = new Map(nodes.map(({ nodeId, incarnation }) => [nodeId, incarnation]));
  const refOf = (nodeId: string) => ({ nodeId, incarnation: lives.get(nodeId) ?? "" });
  const plan = {
    planId,
    moves: moves.map((move) => ({ ...move, from: refOf(move.from), to: refOf(move.to) })),
  };
  return staleMoves(cluster, plan);
}

/** Nodes whose number of shards changes, the largest change first; with `all`, the others after them. */
export function forecastChanges(
  { nodes }: Pick<PreviewAnswer, "nodes">,
  all: boolean,
): readonly NodeChange[] {
  return nodes
    .filter(({ before, after, why }) => all || before !== after || why !== null)
    .map(({ nodeId, before, after, why }) => ({ nodeId, before, after, why }))
    .sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before));
}

/** A refusal that looking again ends: what the plan saw has passed, or nobody remembers it. */
export const endsByRebase = ({ code }: Problem): boolean =>
  code === "PLAN_STALE" || code === "PLAN_UNKNOWN";
