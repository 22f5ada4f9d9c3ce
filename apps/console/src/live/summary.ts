import {
  findShard,
  type PlanRow,
  type Seq,
  type ShardRef,
  shardsAtWork,
} from "@leasehold/sharding/observe";
import { type CellState, cellStates } from "./cell-state.ts";
import { type DivergenceSummary, isStanding, summarizeDivergence } from "./differences.ts";
import type { Invariant, Liveness } from "./invariants.ts";
import type { ClusterMirror } from "./mirror.ts";
import { compareNames } from "./names.ts";
import { type NodeView, viewNode } from "./node-row.ts";
import { hasRetired } from "./retired.ts";

/** What the pages need of the cluster, small and ready to draw. Made at most ten times a second. */
export interface Summary {
  readonly seq: Seq;
  readonly term: number;
  readonly history: string;
  readonly coordinator: string | null;
  readonly totals: ShardTotals;
  readonly cells: Readonly<Record<CellState, number>>;
  readonly nodes: readonly NodeView[];
  /** Nodes that left for good: dead or drained, and silent. */
  readonly retired: readonly NodeView[];
  readonly divergence: DivergenceSummary;
  readonly faults: readonly NodeFault[];
  readonly plans: readonly PlanRow[];
  readonly load: LoadTotals;
  readonly invariants: readonly Invariant[];
}

export interface ShardTotals {
  readonly total: number;
  readonly hosted: number;
  readonly starting: number;
  readonly handingOff: number;
  readonly unallocated: number;
}

export interface NodeFault {
  readonly nodeId: string;
  readonly id: string;
  readonly kind: string;
  readonly detail: Readonly<Record<string, string | number>>;
  readonly expiresInMs: number;
}

export interface LoadTotals {
  readonly requestsPerSecond: number;
  readonly failedPerSecond: number;
  /** The worst node's. */
  readonly p99Ms: number;
  readonly entities: number;
}

const planLimit = 30;

export function summarize(mirror: ClusterMirror, nowMs: number): Summary | null {
  const { cluster } = mirror;
  if (cluster === null) return null;
  const perNode = countPerNode(mirror, nowMs);
  const views = [...cluster.nodes.values()]
    .map((row) =>
      viewNode({
        row,
        sight: mirror.sights.get(row.nodeId),
        isCoordinator: cluster.coordinator?.nodeId === row.nodeId,
        owned: mirror.owned.of(row.nodeId).length,
        believedOnly: mirror.verdicts.ghosts.of(row.nodeId).length,
        divergent: perNode.get(row.nodeId) ?? 0,
        nowMs,
      }),
    )
    .sort((a, b) => compareNames(a.nodeId, b.nodeId));
  const isRetired = (it: NodeView): boolean => {
    const row = cluster.nodes.get(it.nodeId);
    return (
      it.owned === 0 && row !== undefined && hasRetired(row, mirror.sights.get(it.nodeId), nowMs)
    );
  };
  const nodes = views.filter((it) => !isRetired(it));
  return {
    seq: cluster.seq,
    term: cluster.term,
    history: cluster.history,
    coordinator: cluster.coordinator?.nodeId ?? null,
    totals: countShards(mirror),
    cells: Object.fromEntries(
      cellStates.map((state, code) => [state, mirror.verdicts.counts[code] ?? 0]),
    ) as Record<CellState, number>,
    nodes,
    retired: views.filter(isRetired),
    divergence: summarizeDivergence(mirror, nodes, nowMs),
    faults: nodes.flatMap((node) => node.faults.map((it) => ({ nodeId: node.nodeId, ...it }))),
    plans: [...cluster.plans.values()].slice(-planLimit).reverse(),
    load: totalLoad(nodes),
    invariants: mirror.invariants.verdicts(livenessOf(mirror, nodes)),
  };
}

function countPerNode(mirror: ClusterMirror, nowMs: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const list of mirror.verdicts.divergences.values()) {
    for (const it of list) {
      if (it.nodeId !== null && isStanding(it, nowMs))
        counts.set(it.nodeId, (counts.get(it.nodeId) ?? 0) + 1);
    }
  }
  return counts;
}

function countShards(mirror: ClusterMirror): ShardTotals {
  const totals = { total: 0, hosted: 0, starting: 0, handingOff: 0, unallocated: 0 };
  const { cluster } = mirror;
  for (const [group, spec] of cluster?.groups ?? []) {
    const needed = cluster?.shards.get(group)?.slice(0, shardsAtWork(spec)) ?? [];
    totals.total += needed.length;
    for (const row of needed) {
      if (row.state === "hosted") totals.hosted++;
      else if (row.state === "starting") totals.starting++;
      else if (row.state === "handing-off") totals.handingOff++;
      else totals.unallocated++;
    }
  }
  return totals;
}

function livenessOf(mirror: ClusterMirror, nodes: readonly NodeView[]): Liveness {
  const counts = (state: CellState): number =>
    mirror.verdicts.counts[cellStates.indexOf(state)] ?? 0;
  const heard = nodes.filter((it) => it.heardMsAgo !== null && it.condition !== "unknown");
  const leading = heard.filter((it) => mirror.sights.get(it.nodeId)?.belief.role === "coordinator");
  const unserved = counts("orphan") + counts("stale-idle") + counts("unaware");
  return {
    everyShardServed: counts("unknown") > 0 ? null : unserved === 0,
    oneCoordinator: heard.length === 0 ? null : leading.length === 1,
  };
}

function totalLoad(nodes: readonly NodeView[]): LoadTotals {
  const total = { requestsPerSecond: 0, failedPerSecond: 0, p99Ms: 0, entities: 0 };
  for (const { load, condition } of nodes) {
    if (load === null || condition === "unknown" || condition === "dead") continue;
    total.requestsPerSecond += load.requestsPerSecond;
    total.failedPerSecond += load.failedPerSecond;
    total.entities += load.entities;
    total.p99Ms = Math.max(total.p99Ms, load.p99Ms);
  }
  return total;
}

/** The row of a shard in a mirror, for pages that show one. */
export const rowOfRef = (mirror: ClusterMirror, ref: ShardRef) =>
  mirror.cluster === null ? undefined : findShard(mirror.cluster, ref);
