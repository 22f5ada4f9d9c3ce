import {
  type AllocationStrategy,
  type Candidate,
  type HomelessShard,
  leastLoaded,
  type OwnedShard,
  type ProposedMove,
} from "./allocation.ts";
import type { NodeRef } from "./ids.ts";

/**
 * The strategy `load`: few and hot shards move, so that no node has much more than its share of what all cost.
 *
 * Intuition: the fullest node gives the emptiest one the shard that comes nearest to what the one has too much
 * and the other too little. Each move has to lower the fuller one of its two nodes by more than it is worth, so
 * the fullest node of all never gets fuller and the moves come to an end; and nothing begins before a node is
 * well above its share, so chance moves nothing. A shard that alone is more than any node's share is never
 * moved for it: that would only move the problem, with a pause for the busiest callers. Its neighbours go instead.
 *
 * Where too little is known or done to tell nodes apart, shards count alike, as for least-loaded; and then only a
 * node that has none is given some. So a node that joins gets its part at once, and a quiet night moves nothing.
 */
export const byLoad: AllocationStrategy = {
  place(shards, candidates) {
    const isKnown = candidates.every(({ load }) => load !== undefined);
    const average = averageOf(shards, candidates);
    return isKnown && average > 0
      ? placeByLoad(shards, candidates, average)
      : leastLoaded.place(shards, candidates);
  },

  rebalance(owned, candidates) {
    if (candidates.some(({ shards }) => shards === 0)) {
      return leastLoaded.rebalance(owned, candidates);
    }
    const sides = sidesOf(owned, candidates);
    const level = levelOf(sides);
    return level < worthMs ? [] : evenOut(sides, level);
  },
};

/** A node is too full above this part of its share ... */
const actsAbove = 1.2;
/** ... and is then emptied to this one: what chance adds does not begin it again. */
const stopsBelow = 1.1;
/** What a move has to take off its fuller node, as a part of the average share. */
const leastBenefit = 0.03;
/** Below so much work for a node on average nothing is worth a move. @unit milliseconds per second */
const worthMs = 20;
/** Of all shards so many move at once, and never fewer than so many: then their effect is looked at. */
const movesAtOnce = { part: 0.02, least: 4 };
/** A shard that nobody asks still costs memory and, when its home dies, a take-over: so much of an average one. */
const idleShare = 0.25;

/** One node while moves are chosen. */
interface Side {
  readonly node: NodeRef;
  readonly weight: number;
  load: number;
  /** Those that may move, the hottest first. */
  readonly movable: Costing[];
  readonly hottest: Costing | null;
  /** The hottest one, where it is more than any node's share: it stays. */
  giant: Costing | null;
}

type Costing = OwnedShard & { readonly load: number };

/** Nodes of which nothing is known neither give nor take. */
function sidesOf(owned: readonly OwnedShard[], candidates: readonly Candidate[]): readonly Side[] {
  const byOwner = Map.groupBy(owned, ({ owner }) => owner.incarnation);
  const sides = candidates
    .filter(({ load }) => load !== undefined)
    .map(({ node, weight }) => sideOf(node, weight, byOwner.get(node.incarnation) ?? []))
    .sort((a, b) => (a.node.nodeId < b.node.nodeId ? -1 : 1));
  const largestShare = levelOf(sides) * Math.max(...sides.map(({ weight }) => weight));
  for (const side of sides) {
    const { hottest } = side;
    if (hottest === null || hottest.load <= largestShare) continue;
    side.giant = hottest;
    remove(side.movable, hottest);
  }
  return sides;
}

function sideOf(node: NodeRef, weight: number, owned: readonly OwnedShard[]): Side {
  const shards = owned
    .map((shard) => ({ ...shard, load: shard.load ?? 0 }))
    .sort((a, b) => b.load - a.load || a.shard - b.shard);
  return {
    ...{ node, weight, load: sum(shards.map(({ load }) => load)) },
    movable: shards.filter(({ movable }) => movable),
    hottest: shards[0] ?? null,
    giant: null,
  };
}

/** What one unit of weight would carry if all carried alike. */
function levelOf(sides: readonly Side[]): number {
  const weight = sum(sides.map((side) => side.weight));
  return weight === 0 ? 0 : sum(sides.map((side) => side.load)) / weight;
}

const fill = ({ load, weight }: Pick<Side, "load" | "weight">): number => load / weight;

function evenOut(sides: readonly Side[], level: number): readonly ProposedMove[] {
  const shards = sum(sides.map(({ movable }) => movable.length));
  const limit = Math.max(movesAtOnce.least, Math.floor(shards * movesAtOnce.part));
  const moves: ProposedMove[] = [];
  while (moves.length < limit) {
    // A node that nothing can empty any more does not begin it for others that are only a little above.
    const next = bestMove(sides, level, moves.length === 0 ? actsAbove : stopsBelow);
    if (next === null) break;
    moves.push({ ...moveOf(next), why: reasonOf(next, level) });
    const { from, to, shard } = next;
    from.load -= shard.load;
    to.load += shard.load;
    remove(from.movable, shard);
  }
  return moves;
}

interface Step {
  readonly from: Side;
  readonly to: Side;
  readonly shard: Costing;
}

/** Of the fullest node above this part of its share that has one. */
function bestMove(sides: readonly Side[], level: number, above: number): Step | null {
  const givers = sides
    .filter((side) => fill(side) > level * above)
    .sort((a, b) => fill(b) - fill(a));
  const takers = sides.filter((side) => fill(side) < level).sort((a, b) => fill(a) - fill(b));
  for (const from of givers) {
    for (const to of takers) {
      const shard = bestShard(from, to, level);
      if (shard !== null) return { from, to, shard };
    }
  }
  return null;
}

/** The shard nearest to what the one node has above its share and the other below. */
function bestShard(from: Side, to: Side, level: number): Costing | null {
  const wanted = Math.min(from.load - level * from.weight, level * to.weight - to.load);
  const most = fill(from) - level * leastBenefit;
  let best: Costing | null = null;
  for (const shard of from.movable) {
    if (fill({ ...from, load: from.load - shard.load }) > most) break;
    if (fill({ ...to, load: to.load + shard.load }) > most) continue;
    if (best !== null && Math.abs(shard.load - wanted) >= Math.abs(best.load - wanted)) break;
    best = shard;
  }
  return best;
}

const moveOf = ({ shard, to }: Step): Omit<ProposedMove, "why"> => ({
  ...{ group: shard.group, shard: shard.shard, from: shard.owner, to: to.node },
});

function reasonOf({ from, to, shard }: Step, level: number): string {
  const part = (load: number, { weight }: Side): string => (load / (level * weight)).toFixed(2);
  const ms = (load: number): string => `${load.toFixed(0)} ms/s`;
  const stays =
    from.giant === null
      ? ""
      : `, and ${from.giant.shard}, which stays, is ${part(from.giant.load, from)} alone`;
  return (
    `${from.node.nodeId} has ${part(from.load, from)} of its share of load (${ms(from.load)} of ${ms(level * from.weight)}); ` +
    `shard ${shard.shard} is ${part(shard.load, from)} of it (${ms(shard.load)})${stays}; ${to.node.nodeId} has ${part(to.load, to)}`
  );
}

/** What a shard costs, those that have a home and those that want one. */
function averageOf(shards: readonly HomelessShard[], candidates: readonly Candidate[]): number {
  const load = sum([...shards, ...candidates].map((one) => one.load ?? 0));
  return load / (shards.length + sum(candidates.map((one) => one.shards)));
}

/** The hottest first, each where it makes the least full node. */
function placeByLoad(
  shards: readonly HomelessShard[],
  candidates: readonly Candidate[],
  average: number,
): readonly NodeRef[] {
  const idle = average * idleShare;
  const sides = candidates.map(({ node, weight, load = 0, shards: count }) => ({
    ...{ node, weight, load: load + count * idle },
  }));
  const costs = shards.map(({ load = average }) => load + idle);
  const homes: NodeRef[] = [];
  const hottestFirst = [...costs.keys()].sort((a, b) => (costs[b] ?? 0) - (costs[a] ?? 0));
  for (const i of hottestFirst) {
    const cost = costs[i] ?? 0;
    const after = (side: (typeof sides)[number]): number => (side.load + cost) / side.weight;
    const best = sides.reduce((a, b) => (isBefore(b, a, after) ? b : a));
    best.load += cost;
    homes[i] = best.node;
  }
  return homes;
}

function isBefore<S extends { readonly node: NodeRef }>(
  a: S,
  b: S,
  key: (side: S) => number,
): boolean {
  const difference = key(a) - key(b);
  return difference === 0 ? a.node.nodeId < b.node.nodeId : difference < 0;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

function remove<T extends { readonly shard: number }>(list: T[], item: T): void {
  const index = list.findIndex(({ shard }) => shard === item.shard);
  if (index >= 0) list.splice(index, 1);
}
