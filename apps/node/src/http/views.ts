import { NodeNotReadyError, type ShardingNode } from "@leasehold/sharding";
import {
  type ClusterState,
  type NodeRow,
  ownerOf,
  type ShardRow,
  shardsAtWork,
} from "@leasehold/sharding/observe";
import type { FaultEngine } from "../faults/types.ts";
import type { HttpDeps } from "./deps.ts";
import type { FaultAnswer, NodeAnswer, ShardAnswer } from "./schemas.ts";

/** The node, once it has joined. @throws {NodeNotReadyError} before. */
export function nodeOf(deps: HttpDeps): ShardingNode {
  const node = deps.findNode();
  if (node === null) throw new NodeNotReadyError("This node has not joined its cluster yet.");
  return node;
}

/** A lease that was not renewed for this many ttls belongs to nobody who is still joining. */
const joiningTtls = 2;

/**
 * All nodes: those of the authority, and whoever holds a live lease without a row there (`joining`).
 * This node itself is `joining` too while the authority names another life of it.
 */
export function nodeAnswers(node: ShardingNode): NodeAnswer[] {
  const { state, leaseAgeMs } = node.authority();
  const owned = countOwned(state);
  const answers = new Map<string, NodeAnswer>();
  for (const row of state.nodes.values()) {
    answers.set(row.nodeId, fromRow(row, owned.get(row.nodeId) ?? 0, leaseAgeMs.get(row.nodeId)));
  }
  for (const [nodeId, ageMs] of leaseAgeMs) {
    const isFresh = ageMs <= joiningTtls * node.leaseTtlMs;
    if (!answers.has(nodeId) && isFresh) answers.set(nodeId, joining(nodeId, ageMs));
  }
  const own = answers.get(node.nodeId);
  if (own?.incarnation !== node.incarnation()) {
    const ageMs = own?.leaseAgeMs ?? null;
    const identity = { incarnation: node.incarnation(), address: node.address };
    const shards = own?.shards ?? 0;
    answers.set(node.nodeId, { ...joining(node.nodeId, ageMs), ...identity, shards });
  }
  return [...answers.values()].sort((a, b) => compareText(a.nodeId, b.nodeId));
}

const fromRow = (row: NodeRow, shards: number, ageMs: number | undefined): NodeAnswer => ({
  nodeId: row.nodeId,
  incarnation: row.incarnation,
  state: row.state,
  cordoned: row.cordoned,
  address: row.address,
  zone: row.zone,
  weight: row.weight,
  labels: { ...row.labels },
  shards,
  leaseAgeMs: ageMs === undefined ? null : Math.round(ageMs),
});

const joining = (nodeId: string, leaseAgeMs: number | null): NodeAnswer => ({
  nodeId,
  incarnation: null,
  state: "joining",
  cordoned: false,
  address: null,
  zone: "",
  weight: 1,
  labels: {},
  shards: 0,
  leaseAgeMs: leaseAgeMs === null ? null : Math.round(leaseAgeMs),
});

function countOwned(state: ClusterState): Map<string, number> {
  const counts = new Map<string, number>();
  for (const rows of state.shards.values()) {
    for (const row of rows) {
      const owner = ownerOf(row)?.nodeId;
      if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
  }
  return counts;
}

export interface ShardCounts {
  total: number;
  hosted: number;
  starting: number;
  unallocated: number;
  handingOff: number;
}

export function countShards(state: ClusterState): ShardCounts {
  const counts = { total: 0, hosted: 0, starting: 0, unallocated: 0, handingOff: 0 };
  for (const [group, spec] of state.groups) {
    // Those that a daemon was scaled down from do nothing, wherever they are.
    for (const row of state.shards.get(group)?.slice(0, shardsAtWork(spec)) ?? []) {
      counts.total += 1;
      counts[row.state === "handing-off" ? "handingOff" : row.state] += 1;
    }
  }
  return counts;
}

export function shardAnswerOf(group: string, shard: number, row: ShardRow): ShardAnswer {
  const owner = ownerOf(row);
  return {
    group,
    shard,
    state: row.state,
    owner: owner?.nodeId ?? null,
    incarnation: owner?.incarnation ?? null,
    epoch: row.epoch,
    pinned: row.pinned,
    to: row.state === "handing-off" ? row.handoff.to.nodeId : null,
  };
}

export const faultsOf = (faults: FaultEngine | null): FaultAnswer[] =>
  (faults?.list() ?? []).map((fault) => ({ ...fault, detail: { ...fault.detail } }));

/** By code units: the same order on every machine, whatever its language. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
