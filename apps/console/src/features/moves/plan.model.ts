import {
  type MoveState,
  type PlanRow,
  type PlanState,
  type StaleMove,
  staleMoves,
} from "@leasehold/sharding/observe";
import type { ClusterMirror } from "../../live/mirror.ts";
import type { Look } from "../../ui/tone.ts";

/** How far a plan is, in numbers. */
export interface PlanProgress extends Readonly<Record<MoveState, number>> {
  readonly total: number;
  /** Neither waiting nor under way any more. */
  readonly over: number;
}

export function progressOf(plan: PlanRow): PlanProgress {
  const counts: Record<MoveState, number> = {
    pending: 0,
    moving: 0,
    done: 0,
    failed: 0,
    skipped: 0,
  };
  for (const it of plan.progress) counts[it.state]++;
  const total = plan.moves.length;
  return { ...counts, total, over: total - counts.pending - counts.moving };
}

/** Moves that would have a proposed plan refused now, by the coordinator's own check. */
export function changedSince(mirror: ClusterMirror, plan: PlanRow): readonly StaleMove[] {
  const { cluster } = mirror;
  return cluster === null || plan.state !== "proposed" ? [] : staleMoves(cluster, plan);
}

/** Moves that failed, each with its reason. */
export const failedMoves = (
  plan: PlanRow,
): readonly { readonly label: string; readonly to: string; readonly why: string }[] =>
  plan.moves.flatMap(({ group, shard, to }, index) => {
    const progress = plan.progress[index];
    if (progress?.state !== "failed") return [];
    const label = group === "default" ? `${shard}` : `${group}/${shard}`;
    return [{ label, to: to.nodeId, why: progress.why ?? "no reason was given" }];
  });

export interface NodeChange {
  readonly nodeId: string;
  readonly before: number;
  readonly after: number;
  /** What is special about the node in this plan. */
  readonly why?: string | null;
}

/** Shards per node before and after, largest change first; nodes that keep their number are left out. */
export function nodeChanges(
  owned: ReadonlyMap<string, number>,
  plan: PlanRow,
): readonly NodeChange[] {
  const delta = new Map<string, number>();
  plan.moves.forEach((move, index) => {
    // A move that is done is already in the counts; a failed one never will be.
    const state = plan.progress[index]?.state;
    if (state === "done" || state === "failed" || state === "skipped") return;
    delta.set(move.from.nodeId, (delta.get(move.from.nodeId) ?? 0) - 1);
    delta.set(move.to.nodeId, (delta.get(move.to.nodeId) ?? 0) + 1);
  });
  return [...delta]
    .map(([nodeId, change]) => {
      const before = owned.get(nodeId) ?? 0;
      return { nodeId, before, after: before + change };
    })
    .filter((it) => it.before !== it.after)
    .sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before));
}

/** What a plan has done so far: how many shards each node gave and got by it, those that gave most first. */
export function movedByNode(
  plan: PlanRow,
): readonly { readonly nodeId: string; readonly gave: number; readonly got: number }[] {
  const nodes = new Map<string, { gave: number; got: number }>();
  const of = (nodeId: string) => {
    const node = nodes.get(nodeId) ?? { gave: 0, got: 0 };
    nodes.set(nodeId, node);
    return node;
  };
  plan.moves.forEach(({ from, to }, index) => {
    if (plan.progress[index]?.state !== "done") return;
    of(from.nodeId).gave += 1;
    of(to.nodeId).got += 1;
  });
  return [...nodes]
    .map(([nodeId, counts]) => ({ nodeId, ...counts }))
    .sort((a, b) => b.gave - b.got - (a.gave - a.got));
}

export const planLook: Readonly<Record<PlanState, Look>> = {
  proposed: { word: "preview, nothing applied", glyph: "minus", tone: "unknown" },
  applying: { word: "applying", glyph: "pie", tone: "handoff" },
  paused: { word: "paused", glyph: "pause", tone: "warning" },
  done: { word: "done", glyph: "check", tone: "stable" },
  cancelled: { word: "cancelled", glyph: "cross", tone: "unknown" },
  stale: { word: "stale", glyph: "clock", tone: "warning" },
  failed: { word: "failed", glyph: "tri", tone: "danger" },
};

export const moveLook: Readonly<Record<MoveState, Look>> = {
  pending: { word: "waits", glyph: "minus", tone: "unknown" },
  moving: { word: "moving", glyph: "pie", tone: "handoff" },
  done: { word: "done", glyph: "check", tone: "stable" },
  failed: { word: "failed", glyph: "tri", tone: "danger" },
  skipped: { word: "skipped", glyph: "arrow", tone: "unknown" },
};
