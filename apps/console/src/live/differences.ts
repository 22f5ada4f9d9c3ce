import type { ShardRef } from "@leasehold/sharding/observe";
import { type DivergenceClass, graceMs, isDanger, severity } from "./classify.ts";
import { type Divergence, explain } from "./explain.ts";
import type { ClusterMirror } from "./mirror.ts";
import type { NodeView } from "./node-row.ts";
import { duration, plural, type Sentence, say } from "./say.ts";

export interface DivergenceSummary extends DivergenceList {
  readonly danger: number;
  /** Also those that are only under way. */
  readonly byClass: ReadonlyMap<DivergenceClass, number>;
}

/**
 * Whether a difference is more than news that are under way: a busy and healthy cluster always has some nodes that are
 * about to hear what Postgres has given them, and whoever counts those learns to look away.
 */
export const isStanding = (
  it: { readonly class: DivergenceClass; readonly sinceMs: number },
  nowMs: number,
): boolean => it.class !== "unaware" || nowMs - it.sinceMs > graceMs;

export interface DivergenceItem {
  readonly key: string;
  readonly class: Exclude<DivergenceClass, "agree">;
  /** Null for a statement about a node as a whole. */
  readonly shard: ShardRef | null;
  readonly label: string;
  readonly nodeId: string | null;
  readonly sentence: Sentence;
  readonly forMs: number;
}

export interface DivergenceList {
  /** How many stand (or are of the class that is asked for), without any bound. */
  readonly total: number;
  /** Worst first, one for each shard and node, bounded. */
  readonly items: readonly DivergenceItem[];
}

/** Which differences a page lists. */
export interface DivergenceQuestion {
  /** Null: any, as far as they stand. */
  readonly class: DivergenceClass | null;
  /** Null: any. */
  readonly nodeId: string | null;
}

const itemLimit = 200;

/** How many there are of each class, and the worst of them. */
export function summarizeDivergence(
  mirror: ClusterMirror,
  nodes: readonly NodeView[],
  nowMs: number,
): DivergenceSummary {
  const byClass = new Map<DivergenceClass, number>();
  let [total, danger] = [0, 0];
  const count = (of: DivergenceClass, stands: boolean): void => {
    byClass.set(of, (byClass.get(of) ?? 0) + 1);
    if (stands) total++;
    if (isDanger(of)) danger++;
  };
  for (const list of mirror.verdicts.divergences.values()) {
    for (const it of list) count(it.class, isStanding(it, nowMs));
  }
  for (const node of nodes) for (const it of skewOf(node)) count(it.class, true);
  return { total, danger, byClass, items: findDivergence(mirror, nodes, nowMs).items };
}

/**
 * Worst first, then the longest standing, one for each shard and node. The bound comes after the question: the 200
 * worst of a cluster would say nothing of a lesser class, or of a node that is not among them.
 *
 * @param limit of items; how many there are in all is counted without it. Default: 200.
 */
export function findDivergence(
  mirror: ClusterMirror,
  nodes: readonly NodeView[],
  nowMs: number,
  { class: ofClass, nodeId }: DivergenceQuestion = { class: null, nodeId: null },
  limit: number = itemLimit,
): DivergenceList {
  const isOf = (it: { readonly nodeId: string | null }) => nodeId === null || it.nodeId === nodeId;
  const isAsked = (it: Divergence) =>
    isOf(it) && (ofClass === null ? isStanding(it, nowMs) : it.class === ofClass);
  const found: { readonly flat: number; readonly it: Divergence }[] = [];
  for (const [flat, list] of mirror.verdicts.divergences) {
    for (const it of list) if (isAsked(it)) found.push({ flat, it });
  }
  // The longest standing first: those that come and go all the time push nothing out.
  found.sort(
    (a, b) => rank(a.it.class) - rank(b.it.class) || a.it.sinceMs - b.it.sinceMs || a.flat - b.flat,
  );
  const left = new Map(nodes.map((node) => [node.nodeId, node.leaseLeftMs]));
  const items = found.slice(0, limit).map(({ flat, it }) => toItem(mirror, flat, it, left, nowMs));
  const areSkewsAsked = ofClass === null || ofClass === "skew";
  const skews = areSkewsAsked ? nodes.flatMap((node) => skewOf(node)).filter(isOf) : [];
  const at = items.findIndex((it) => rank(it.class) > rank("skew"));
  items.splice(at < 0 ? items.length : at, 0, ...skews);
  return { total: found.length + skews.length, items: items.slice(0, limit) };
}

const rank = (of: DivergenceClass): number => severity.indexOf(of);

function toItem(
  mirror: ClusterMirror,
  flat: number,
  it: Divergence,
  left: ReadonlyMap<string, number | null>,
  nowMs: number,
): DivergenceItem {
  return {
    key: `${flat}:${it.nodeId}:${it.class}`,
    class: it.class,
    shard: mirror.index.refOf(flat),
    label: it.shard,
    nodeId: it.nodeId,
    sentence: explain(it, it.nodeId === null ? null : (left.get(it.nodeId) ?? null)),
    forMs: nowMs - it.sinceMs,
  };
}

/** Postgres counts on a node that no longer renews: its own clock knows first. */
export function skewOf(node: NodeView): DivergenceItem[] {
  if (!node.leaseAtRisk || node.owned === 0 || node.leaseLeftMs === null) return [];
  if (node.leaseState === "lost" || node.condition === "unknown") return [];
  return [
    {
      key: `node:${node.nodeId}:skew`,
      class: "skew",
      shard: null,
      label: node.nodeId,
      nodeId: node.nodeId,
      sentence: say`${node.nodeId} does not renew its lease: by its own clock it ends in ${duration(node.leaseLeftMs)}. Postgres still names it the owner of ${plural(node.owned, "shard")}.`,
      forMs: node.postgresOkMsAgo ?? 0,
    },
  ];
}
