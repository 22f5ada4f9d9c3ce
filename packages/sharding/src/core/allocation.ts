import { type NodeRef, type ShardRef, sameNode, shardKey } from "./ids.ts";

/**
 * Where shards belong.
 *
 * A strategy answers two questions: which node takes a shard without a home, and which shards should
 * move so that the cluster is balanced. Both must be minimal and stable: a node that joins N others
 * moves about 1/(N+1) of the shards, and a balanced cluster moves nothing, for ever (L4).
 */
export interface AllocationStrategy {
  /** A home for each shard, in order; `candidates` is not empty. Later shards see the earlier ones. */
  place(shards: readonly HomelessShard[], candidates: readonly Candidate[]): readonly NodeRef[];
  /**
   * Moves that balance `owned` among the candidates. `movable: false` shards count, but stay; shards of a
   * node that is no candidate neither count nor move.
   */
  rebalance(
    owned: readonly OwnedShard[],
    candidates: readonly Candidate[],
  ): readonly ProposedMove[];
}

export interface Candidate {
  readonly node: NodeRef;
  /** Relative capacity, > 0. */
  readonly weight: number;
  /** Shards it has now. */
  readonly shards: number;
  /** Shards of other groups, which decide between nodes that have equally many of this one. @default 0 */
  readonly elsewhere?: number;
  /** What its shards of this group cost it. Absent: not known. @unit milliseconds per second */
  readonly load?: number;
}

/** A shard that wants a home. */
export interface HomelessShard extends ShardRef {
  /** What it cost its last home. Absent: not known. @unit milliseconds per second */
  readonly load?: number;
}

export interface OwnedShard extends HomelessShard {
  readonly owner: NodeRef;
  readonly movable: boolean;
}

export interface ProposedMove extends ShardRef {
  readonly from: NodeRef;
  readonly to: NodeRef;
  readonly why: string;
}

/** The node with the fewest shards per unit of weight. */
export const leastLoaded: AllocationStrategy = {
  place(shards, candidates) {
    const slots = candidates.map((c) => ({ ...c, elsewhere: c.elsewhere ?? 0 }));
    return shards.map(() => {
      let best = slots[0] as (typeof slots)[number];
      for (const slot of slots) if (isEmptier(slot, best)) best = slot;
      best.shards += 1;
      return best.node;
    });
  },

  rebalance(owned, candidates) {
    const lanes = lanesOf(owned, candidates);
    const targets = targetsOf(lanes);
    const receivers = lanes.filter((lane) => lane.shards.length < (targets.get(lane) ?? 0));
    const room = new Map(
      receivers.map((lane) => [lane, (targets.get(lane) ?? 0) - lane.shards.length]),
    );
    const moves: ProposedMove[] = [];
    for (const lane of lanes) {
      let excess = lane.shards.length - (targets.get(lane) ?? 0);
      for (const shard of lane.shards.toReversed()) {
        if (excess <= 0) break;
        if (!shard.movable) continue;
        const to = receivers.find((receiver) => (room.get(receiver) ?? 0) > 0);
        if (to === undefined) break;
        room.set(to, (room.get(to) ?? 0) - 1);
        excess -= 1;
        moves.push({
          ...{ group: shard.group, shard: shard.shard, from: shard.owner, to: to.node },
          why: `${lane.node.nodeId} has ${lane.shards.length} shards, its share is ${targets.get(lane)}; ${to.node.nodeId} has ${to.shards.length} of ${targets.get(to)}`,
        });
      }
    }
    return moves;
  },
};

/** The node that wins the shard's lottery: placement depends on the set of nodes only. */
export const rendezvous: AllocationStrategy = {
  place: (shards, candidates) => shards.map((shard) => winner(shard, candidates)),

  rebalance(owned, candidates) {
    const moves: ProposedMove[] = [];
    const incarnations = new Set(candidates.map((c) => c.node.incarnation));
    for (const shard of owned) {
      // A cordoned node gets nothing new; it keeps what it has.
      if (!shard.movable || !incarnations.has(shard.owner.incarnation)) continue;
      const to = winner(shard, candidates);
      if (sameNode(to, shard.owner)) continue;
      const { group, shard: index, owner: from } = shard;
      moves.push({ group, shard: index, from, to, why: `rendezvous ranks ${to.nodeId} first` });
    }
    return moves;
  },
};

/** Standard deviation of shards per unit of weight; 0 for fewer than two candidates. */
export function spreadOf(candidates: readonly Candidate[]): number {
  if (candidates.length < 2) return 0;
  const loads = candidates.map((c) => c.shards / c.weight);
  const mean = loads.reduce((sum, load) => sum + load, 0) / loads.length;
  const variance = loads.reduce((sum, load) => sum + (load - mean) ** 2, 0) / loads.length;
  return Math.sqrt(variance);
}

type Slot = Candidate & { readonly elsewhere: number };

interface Lane {
  readonly node: NodeRef;
  readonly weight: number;
  readonly shards: readonly OwnedShard[];
}

function isEmptier(a: Slot, b: Slot): boolean {
  const fuller = (a.shards + 1) * b.weight - (b.shards + 1) * a.weight;
  if (fuller !== 0) return fuller < 0;
  // A thousand daemons with one worker each would otherwise all live on the first node.
  const busier = a.elsewhere * b.weight - b.elsewhere * a.weight;
  if (busier !== 0) return busier < 0;
  return a.node.nodeId < b.node.nodeId;
}

function lanesOf(owned: readonly OwnedShard[], candidates: readonly Candidate[]): readonly Lane[] {
  const byNode = new Map<string, OwnedShard[]>(candidates.map((c) => [c.node.incarnation, []]));
  for (const shard of owned) byNode.get(shard.owner.incarnation)?.push(shard);
  return candidates
    .map(({ node, weight }) => ({ node, weight, shards: byNode.get(node.incarnation) ?? [] }))
    .sort((a, b) => (a.node.nodeId < b.node.nodeId ? -1 : 1));
}

/**
 * Each lane's share, rounded down, and the remainder to those that already hold more than that.
 * Without that preference two nodes with 50.5 shards each would swap one for ever.
 */
function targetsOf(lanes: readonly Lane[]): ReadonlyMap<Lane, number> {
  const total = lanes.reduce((sum, lane) => sum + lane.shards.length, 0);
  const weights = lanes.reduce((sum, lane) => sum + lane.weight, 0);
  const shares = lanes.map((lane) => {
    const share = (total * lane.weight) / weights;
    return { lane, floor: Math.floor(share), rest: share - Math.floor(share) };
  });
  let remainder = total - shares.reduce((sum, s) => sum + s.floor, 0);
  const holdsMore = (s: (typeof shares)[number]) => (s.lane.shards.length > s.floor ? 1 : 0);
  shares.sort((a, b) => holdsMore(b) - holdsMore(a) || b.rest - a.rest);
  return new Map(
    shares.map((s) => {
      const extra = remainder > 0 ? 1 : 0;
      remainder -= extra;
      return [s.lane, s.floor + extra];
    }),
  );
}

function winner(shard: ShardRef, candidates: readonly Candidate[]): NodeRef {
  let best = candidates[0] as Candidate;
  let bestScore = Number.NEGATIVE_INFINITY;
  // A hundred candidates have the shard's half of the text in common.
  const ofShard = fnv(0x811c9dc5, `${shardKey(shard)} `);
  for (const candidate of candidates) {
    // Weighted rendezvous hashing: -w / ln(u) with u in (0, 1) drawn from the pair.
    const unit = (avalanche(fnv(ofShard, candidate.node.nodeId)) + 0.5) / 0x1_0000_0000;
    const score = -candidate.weight / Math.log(unit);
    if (score > bestScore) {
      best = candidate;
      bestScore = score;
    }
  }
  return best.node;
}

/** FNV-1a, begun or gone on with. */
function fnv(from: number, text: string): number {
  let hash = from;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash;
}

/** The low bits of FNV alone are too regular for a lottery. */
function avalanche(from: number): number {
  let hash = Math.imul(from ^ (from >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
