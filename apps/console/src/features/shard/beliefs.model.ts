import { ownerOf, type ShardBelief, type ShardRow, sameNode } from "@leasehold/sharding/observe";
import type { DivergenceClass } from "../../live/classify.ts";
import type { ClusterMirror, NodeSight } from "../../live/mirror.ts";

/** One node's column in the table of beliefs about a shard. */
export interface BeliefColumn {
  readonly nodeId: string;
  readonly class: DivergenceClass;
  readonly belief: ShardBelief | undefined;
  readonly isOwner: boolean;
  readonly role: string;
  readonly incarnation: string | null;
  readonly incarnationDiffers: boolean;
  readonly epochDiffers: boolean;
  readonly servesUnowned: boolean;
  readonly leaseLeftMs: number | null;
  readonly leaseTtlMs: number;
  readonly seq: number | null;
  readonly heardMsAgo: number | null;
  readonly isSilent: boolean;
}

/** More columns than this say nothing more. */
const limit = 6;

/** The nodes that have a word in it first: owner, believers, the next home; then the others. */
export function beliefColumns(mirror: ClusterMirror, flat: number, nowMs: number): BeliefColumn[] {
  const row = mirror.rowOf(flat);
  const { cluster } = mirror;
  if (row === undefined || cluster === null) return [];
  const owner = ownerOf(row)?.nodeId;
  const next = row.state === "handing-off" ? row.handoff.to.nodeId : undefined;
  const concerned = [owner, next, ...mirror.verdicts.believersOf(flat)];
  const others = [...cluster.nodes.values()]
    .filter((it) => it.state !== "dead")
    .map((it) => it.nodeId);
  const ids = new Set([...concerned, ...others].filter((it) => it !== undefined));
  return [...ids].slice(0, limit).map((nodeId) => columnOf(mirror, flat, row, nodeId, nowMs));
}

function columnOf(
  mirror: ClusterMirror,
  flat: number,
  row: ShardRow,
  nodeId: string,
  nowMs: number,
): BeliefColumn {
  const sight = mirror.sights.get(nodeId);
  const belief = sight?.shards.get(flat);
  const owner = ownerOf(row);
  const isOwner = owner?.nodeId === nodeId;
  const found = mirror.verdicts.divergences.get(flat)?.find((it) => it.nodeId === nodeId);
  const heardMsAgo = sight === undefined ? null : nowMs - sight.heardAtMs;
  return {
    nodeId,
    class: found?.class ?? "agree",
    belief,
    isOwner,
    role: roleOf(mirror, row, nodeId, belief),
    incarnation: sight?.belief.incarnation ?? null,
    incarnationDiffers:
      isOwner && sight !== undefined && owner !== null && !sameNode(owner, sight.belief),
    epochDiffers: belief !== undefined && belief.epoch !== row.epoch,
    servesUnowned: belief?.serving === true && !isOwner,
    leaseLeftMs: leaseLeft(sight, heardMsAgo),
    leaseTtlMs: sight?.leaseTtlMs ?? 0,
    seq: sight?.belief.seq ?? null,
    heardMsAgo,
    isSilent: sight?.silent ?? true,
  };
}

function roleOf(
  mirror: ClusterMirror,
  row: ShardRow,
  nodeId: string,
  belief: ShardBelief | undefined,
): string {
  const isCoordinator = mirror.cluster?.coordinator?.nodeId === nodeId;
  if (ownerOf(row)?.nodeId === nodeId) return row.state === "starting" ? "new home" : "home";
  if (row.state === "handing-off" && row.handoff.to.nodeId === nodeId) return "next home";
  const isKept = belief?.phase === "sending" || belief?.phase === "frozen";
  if (belief !== undefined) return isKept ? "keeps a copy" : "former home";
  return isCoordinator ? "coordinator, routes" : "routes";
}

const leaseLeft = (sight: NodeSight | undefined, heardMsAgo: number | null): number | null =>
  sight === undefined ? null : Math.max(0, sight.belief.lease.leftMs - (heardMsAgo ?? 0));

/** What a node does with the shard, in two words. */
export function servingWord(it: BeliefColumn): string {
  if (it.heardMsAgo === null || it.isSilent) return "not observed";
  if (it.belief === undefined) return it.isOwner ? "no" : "–";
  if (it.belief.serving) return "yes";
  return it.belief.phase === "starting" ? "not yet" : "no";
}
