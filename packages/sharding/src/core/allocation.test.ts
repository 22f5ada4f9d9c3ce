import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AllocationStrategy,
  type Candidate,
  leastLoaded,
  type OwnedShard,
  type ProposedMove,
  rendezvous,
  spreadOf,
} from "./allocation.ts";
import { type NodeRef, sameNode, shardKey } from "./ids.ts";
import { strategies } from "./strategies.ts";

const nodeOf = (i: number): NodeRef => ({ nodeId: `n${i}`, incarnation: `n${i}-1` });

interface Cluster {
  readonly owned: readonly OwnedShard[];
  readonly candidates: readonly Candidate[];
}

const candidatesOf = (
  weights: readonly number[],
  owned: readonly OwnedShard[],
): readonly Candidate[] =>
  weights.map((weight, i) => {
    const node = nodeOf(i);
    return { node, weight, shards: owned.filter((s) => sameNode(s.owner, node)).length };
  });

const anyWeight = fc.oneof(
  { weight: 3, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.double({ min: 0.1, max: 10, noNaN: true }) },
);

/** Any distribution of shards over nodes, however bad. */
const clusters = (movable: fc.Arbitrary<boolean>): fc.Arbitrary<Cluster> =>
  fc
    .record({
      weights: fc.array(anyWeight, { minLength: 1, maxLength: 7 }),
      shards: fc.array(fc.tuple(fc.nat(1_000), fc.nat(1_000), movable), { maxLength: 120 }),
    })
    .map(({ weights, shards }) => {
      const owned = shards.map(([one, other, isMovable], shard) => {
        // The smaller of two: some nodes are crowded, some are empty.
        const owner = nodeOf(Math.min(one % weights.length, other % weights.length));
        return { group: "default", shard, owner, movable: isMovable };
      });
      return { owned, candidates: candidatesOf(weights, owned) };
    });

function applied({ owned, candidates }: Cluster, moves: readonly ProposedMove[]): Cluster {
  const to = new Map(moves.map((move) => [shardKey(move), move.to]));
  const next = owned.map((shard) => ({ ...shard, owner: to.get(shardKey(shard)) ?? shard.owner }));
  const weights = candidates.map((c) => c.weight);
  return { owned: next, candidates: candidatesOf(weights, next) };
}

const shareOf = (candidate: Candidate, { owned, candidates }: Cluster): number =>
  (owned.length * candidate.weight) / candidates.reduce((sum, c) => sum + c.weight, 0);

/** Shares come from floating point: 3 may be 2.9999999. */
const floorOf = (share: number): number => Math.floor(share - 1e-9);
const ceilOf = (share: number): number => Math.ceil(share + 1e-9);

const everyStrategy = Object.entries(strategies) as [string, AllocationStrategy][];
const anyCluster = clusters(fc.boolean());

describe.each(everyStrategy)("%s", (_name, strategy) => {
  it("places every shard on a candidate", () => {
    fc.assert(
      fc.property(anyCluster, ({ owned, candidates }) => {
        const homes = strategy.place(owned, candidates);
        expect(homes).toHaveLength(owned.length);
        for (const home of homes) {
          expect(candidates.some((c) => sameNode(c.node, home))).toBe(true);
        }
      }),
    );
  });

  it("moves a shard once, from its owner to another candidate, and says why", () => {
    fc.assert(
      fc.property(anyCluster, ({ owned, candidates }) => {
        const moves = strategy.rebalance(owned, candidates);
        expect(new Set(moves.map(shardKey)).size).toBe(moves.length);
        for (const move of moves) {
          const shard = owned.find((s) => shardKey(s) === shardKey(move)) as OwnedShard;
          expect(move.from).toEqual(shard.owner);
          expect(sameNode(move.to, move.from)).toBe(false);
          expect(candidates.some((c) => sameNode(c.node, move.to))).toBe(true);
          expect(move.why).not.toBe("");
        }
      }),
    );
  });

  it("lets shards stay that may not be moved", () => {
    fc.assert(
      fc.property(anyCluster, ({ owned, candidates }) => {
        for (const move of strategy.rebalance(owned, candidates)) {
          expect(owned.find((s) => shardKey(s) === shardKey(move))?.movable).toBe(true);
        }
      }),
    );
  });

  it("proposes nothing more once its moves are made, whatever may not move (L4)", () => {
    fc.assert(
      fc.property(anyCluster, (cluster) => {
        const moves = strategy.rebalance(cluster.owned, cluster.candidates);
        const after = applied(cluster, moves);
        expect(strategy.rebalance(after.owned, after.candidates)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it("leaves the shards of a node that is no candidate where they are", () => {
    fc.assert(
      fc.property(anyCluster, ({ owned, candidates }) => {
        const others = candidates.slice(1);
        if (others.length === 0) return;
        const cordoned = candidates[0]?.node as NodeRef;
        for (const move of strategy.rebalance(owned, others)) {
          expect(sameNode(move.from, cordoned)).toBe(false);
          expect(sameNode(move.to, cordoned)).toBe(false);
        }
      }),
    );
  });

  it("moves about 1/(N+1) of the shards to a node that joins N others", () => {
    for (const count of [1, 2, 3, 5, 9]) {
      const total = 1_000;
      const shards = Array.from({ length: total }, (_, shard) => ({ group: "default", shard }));
      const before = candidatesOf(new Array<number>(count).fill(1), []);
      const homes = strategy.place(shards, before);
      const owned = shards.map((shard, i) => ({
        ...{ ...shard, owner: homes[i] as NodeRef, movable: true },
      }));
      const joined = candidatesOf(new Array<number>(count + 1).fill(1), owned);
      const moves = strategy.rebalance(owned, joined);
      const share = total / (count + 1);
      expect(Math.abs(moves.length - share)).toBeLessThan(strategy === rendezvous ? share / 4 : 1);
      for (const move of moves) expect(move.to).toEqual(nodeOf(count));
    }
  });
});

describe("least-loaded", () => {
  const movable = clusters(fc.constant(true));

  it("places shards where the load per weight stays lowest", () => {
    fc.assert(
      fc.property(movable, ({ owned, candidates }) => {
        const empty = candidates.map((c) => ({ ...c, shards: 0 }));
        const homes = leastLoaded.place(owned, empty);
        const loads = empty.map((c) => ({
          weight: c.weight,
          shards: homes.filter((home) => sameNode(home, c.node)).length,
        }));
        for (const giver of loads) {
          for (const taker of loads) {
            if (giver.shards === 0) continue;
            // Its last shard would not have been better off with anybody else.
            const stays = giver.shards / giver.weight;
            expect(stays).toBeLessThanOrEqual((taker.shards + 1) / taker.weight + 1e-9);
          }
        }
      }),
    );
  });

  it("counts what the candidates have already", () => {
    const [a, b] = [nodeOf(0), nodeOf(1)];
    const shards = [0, 1, 2].map((shard) => ({ group: "default", shard }));
    const candidates = [
      { node: a, weight: 1, shards: 5 },
      { node: b, weight: 1, shards: 3 },
    ];
    expect(leastLoaded.place(shards, candidates)).toEqual([b, b, a]);
  });

  it("leaves every node between the floor and the ceiling of its weighted share", () => {
    fc.assert(
      fc.property(movable, (cluster) => {
        const after = applied(cluster, leastLoaded.rebalance(cluster.owned, cluster.candidates));
        for (const candidate of after.candidates) {
          const share = shareOf(candidate, after);
          expect(candidate.shards).toBeGreaterThanOrEqual(floorOf(share));
          expect(candidate.shards).toBeLessThanOrEqual(ceilOf(share));
        }
      }),
      { numRuns: 500 },
    );
  });

  it("makes as few moves as any such distribution needs", () => {
    const equal = fc.record({
      count: fc.integer({ min: 1, max: 7 }),
      shards: fc.array(fc.nat(100)),
    });
    fc.assert(
      fc.property(equal, ({ count, shards }) => {
        const owned = shards.map((owner, shard) => ({
          ...{ group: "default", shard, owner: nodeOf(owner % count), movable: true },
        }));
        const candidates = candidatesOf(new Array<number>(count).fill(1), owned);
        const floor = Math.floor(owned.length / count);
        const rest = owned.length % count;
        // `rest` nodes may keep one more than the floor: those that have it spare a move each.
        const above = candidates.filter((c) => c.shards > floor);
        const excess = above.reduce((sum, c) => sum + c.shards - floor, 0);
        const moves = leastLoaded.rebalance(owned, candidates);
        expect(moves).toHaveLength(excess - Math.min(rest, above.length));
      }),
      { numRuns: 500 },
    );
  });

  it("moves what it can where some may not move", () => {
    const owned = [0, 1, 2, 3, 4, 5].map((shard) => ({
      ...{ group: "default", shard, owner: nodeOf(0), movable: shard === 2 },
    }));
    const moves = leastLoaded.rebalance(owned, candidatesOf([1, 1], owned));
    expect(moves).toMatchObject([{ shard: 2, from: nodeOf(0), to: nodeOf(1) }]);
    expect(moves[0]?.why).toBe("n0 has 6 shards, its share is 3; n1 has 0 of 3");
  });
});

describe("rendezvous", () => {
  const shards = Array.from({ length: 3_000 }, (_, shard) => ({ group: "default", shard }));
  const homesOf = (weights: readonly number[]) =>
    rendezvous.place(shards, candidatesOf(weights, []));

  it("moves shards only to a node that is added", () => {
    const before = homesOf([1, 1, 1]);
    const after = homesOf([1, 1, 1, 1]);
    before.forEach((home, i) => {
      if (!sameNode(after[i] as NodeRef, home)) expect(after[i]).toEqual(nodeOf(3));
    });
    expect(after.filter((home) => sameNode(home, nodeOf(3))).length).toBeGreaterThan(600);
  });

  it("gives each node about its weight's part", () => {
    const weights = [1, 2, 3, 0.5];
    const total = weights.reduce((sum, w) => sum + w, 0);
    const homes = homesOf(weights);
    weights.forEach((w, i) => {
      const share = (shards.length * w) / total;
      const count = homes.filter((home) => sameNode(home, nodeOf(i))).length;
      expect(Math.abs(count - share) / share, `n${i}`).toBeLessThan(0.15);
    });
  });

  it("depends on the names of the nodes only: not on their order, lives or load", () => {
    const candidates = candidatesOf([1, 2, 1], []);
    const names = (list: readonly NodeRef[]) => list.map((node) => node.nodeId);
    const once = names(rendezvous.place(shards, candidates));
    const reborn = candidates
      .toReversed()
      .map((c) => ({ ...c, shards: 99, node: { ...c.node, incarnation: `${c.node.nodeId}-2` } }));
    expect(names(rendezvous.place(shards, reborn))).toEqual(once);
  });
});

describe("the spread", () => {
  const candidate = (shards: number, w = 1): Candidate => ({ node: nodeOf(0), weight: w, shards });

  it("is the standard deviation of shards per unit of weight", () => {
    expect(spreadOf([candidate(2), candidate(4)])).toBe(1);
    expect(spreadOf([candidate(2), candidate(4, 2)])).toBe(0);
    expect(spreadOf([candidate(0), candidate(0), candidate(6)])).toBeCloseTo(2.828, 3);
  });

  it("is 0 where there is nobody to compare with", () => {
    expect(spreadOf([])).toBe(0);
    expect(spreadOf([candidate(7)])).toBe(0);
  });
});
