import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Candidate, OwnedShard, ProposedMove } from "./allocation.ts";
import { byLoad } from "./balance-load.ts";
import { type NodeRef, sameNode, shardKey } from "./ids.ts";

const nodeOf = (i: number): NodeRef => ({ nodeId: `n${i}`, incarnation: `n${i}-1` });

interface Cluster {
  readonly owned: readonly OwnedShard[];
  readonly candidates: readonly Candidate[];
}

const loadOf = (owned: readonly OwnedShard[], node: NodeRef): number =>
  owned.filter(({ owner }) => sameNode(owner, node)).reduce((all, { load = 0 }) => all + load, 0);

function clusterOf(owned: readonly OwnedShard[], weights: readonly number[]): Cluster {
  const candidates = weights.map((weight, i) => {
    const node = nodeOf(i);
    const shards = owned.filter(({ owner }) => sameNode(owner, node)).length;
    return { node, weight, shards, load: loadOf(owned, node) };
  });
  return { owned, candidates };
}

/** Each node's shards by what they cost, in milliseconds per second; negative: they may not move. */
const clusterWith = (
  nodes: readonly (readonly number[])[],
  weights?: readonly number[],
): Cluster => {
  let shard = 0;
  const owned = nodes.flatMap((loads, i) =>
    loads.map((load) => ({
      ...{ group: "default", shard: shard++, owner: nodeOf(i) },
      ...{ load: Math.abs(load), movable: load >= 0 },
    })),
  );
  return clusterOf(owned, weights ?? nodes.map(() => 1));
};

const rebalance = ({ owned, candidates }: Cluster): readonly ProposedMove[] =>
  byLoad.rebalance(owned, candidates);

function applied({ owned, candidates }: Cluster, moves: readonly ProposedMove[]): Cluster {
  const to = new Map(moves.map((move) => [shardKey(move), move.to]));
  const next = owned.map((shard) => ({ ...shard, owner: to.get(shardKey(shard)) ?? shard.owner }));
  const weights = candidates.map(({ weight }) => weight);
  return clusterOf(next, weights);
}

/** Load per weight against the mean, by node. */
function fills({ candidates }: Cluster): ReadonlyMap<string, number> {
  const load = candidates.reduce((all, one) => all + (one.load ?? 0), 0);
  const weight = candidates.reduce((all, one) => all + one.weight, 0);
  return new Map(
    candidates.map((one) => [
      one.node.nodeId,
      load === 0 ? 0 : ((one.load ?? 0) * weight) / (one.weight * load),
    ]),
  );
}

const fullest = (cluster: Cluster): number => Math.max(...fills(cluster).values());

/** Most shards cost little and a few much; nobody is without a shard. */
const anyCluster = fc
  .record({
    weights: fc.array(fc.constantFrom(1, 1, 1, 0.5, 2), { minLength: 2, maxLength: 6 }),
    shards: fc.array(
      fc.record({
        owner: fc.nat(1_000),
        heat: fc.double({ min: 0, max: 1, noNaN: true }),
        movable: fc.boolean(),
      }),
      { minLength: 6, maxLength: 80 },
    ),
  })
  .map(({ weights, shards }): Cluster => {
    const owned = shards.map(({ owner, heat, movable }, shard) => {
      const node = nodeOf(shard < weights.length ? shard : owner % weights.length);
      return { group: "default", shard, owner: node, movable, load: 1_000 * heat ** 6 };
    });
    return clusterOf(owned, weights);
  });

describe("balancing by load", () => {
  it("makes no node fuller than the fullest one was, after any of its moves", () => {
    fc.assert(
      fc.property(anyCluster, (cluster) => {
        let before = cluster;
        for (const move of rebalance(cluster)) {
          const after = applied(before, [move]);
          expect(fullest(after)).toBeLessThanOrEqual(fullest(before) + 1e-9);
          before = after;
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("begins for a node well above its share, and goes on only for one that is above it still", () => {
    fc.assert(
      fc.property(anyCluster, (cluster) => {
        let before = cluster;
        rebalance(cluster).forEach((move, i) => {
          const giver = fills(before).get(move.from.nodeId) ?? 0;
          expect(giver).toBeGreaterThan(i === 0 ? 1.2 : 1.1);
          before = applied(before, [move]);
        });
      }),
      { numRuns: 1_000 },
    );
  });

  it("moves nothing that does not take a worthwhile part off the fuller of its two nodes", () => {
    fc.assert(
      fc.property(anyCluster, (cluster) => {
        let before = cluster;
        for (const move of rebalance(cluster)) {
          const after = applied(before, [move]);
          const then = Math.max(
            fills(after).get(move.from.nodeId) ?? 0,
            fills(after).get(move.to.nodeId) ?? 0,
          );
          expect(then).toBeLessThanOrEqual(
            (fills(before).get(move.from.nodeId) ?? 0) - 0.03 + 1e-9,
          );
          before = after;
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("comes to rest, and then moves nothing for ever (L4)", () => {
    fc.assert(
      fc.property(anyCluster, (cluster) => {
        let now = cluster;
        for (let round = 0; round < 100; round += 1) {
          const moves = rebalance(now);
          if (moves.length === 0) return;
          now = applied(now, moves);
        }
        throw new Error("It still moves shards after a hundred rounds.");
      }),
      { numRuns: 500 },
    );
  });

  it("moves shards once each, those that may move, to another candidate", () => {
    fc.assert(
      fc.property(anyCluster, (cluster) => {
        const moves = rebalance(cluster);
        expect(new Set(moves.map(shardKey)).size).toBe(moves.length);
        for (const move of moves) {
          const shard = cluster.owned.find((one) => shardKey(one) === shardKey(move));
          expect(shard).toMatchObject({ movable: true, owner: move.from });
          expect(sameNode(move.from, move.to)).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("leaves alone what is within a fifth of its share", () => {
    expect(
      rebalance(
        clusterWith([
          [60, 39, 20],
          [45, 45],
          [45, 46],
        ]),
      ),
    ).toEqual([]);
    expect(
      rebalance(
        clusterWith([
          [61, 41, 20],
          [45, 45],
          [44, 44],
        ]),
      ),
    ).toHaveLength(1);
  });

  it("splits two hot shards apart with one move, and says why in numbers", () => {
    const moves = rebalance(clusterWith([[150, 160, 3], [50], [100, 100]]));
    expect(moves).toEqual([
      {
        ...{ group: "default", shard: 0, from: nodeOf(0), to: nodeOf(1) },
        why: "n0 has 1.67 of its share of load (313 ms/s of 188 ms/s); shard 0 is 0.80 of it (150 ms/s); n1 has 0.27",
      },
    ]);
  });

  it("keeps a shard still that is more than any node's share: its neighbours go", () => {
    const cluster = clusterWith([
      [400, 40, 45],
      [60, 50, 20],
      [70, 60, 10],
    ]);
    const moves = rebalance(cluster);
    expect(moves.map(({ shard }) => shard).sort()).toEqual([1, 2]);
    expect(moves[0]?.why).toContain(", and 0, which stays, is 1.59 alone; n1 has 0.52");
    expect(rebalance(applied(cluster, moves))).toEqual([]);
  });

  it("keeps it still also where its move would be the one that evens most out", () => {
    const tens = new Array<number>(12).fill(10);
    const moves = rebalance(clusterWith([[210, ...tens], [20], [130, 120]]));
    expect(moves).toHaveLength(4);
    expect(moves.map(({ shard }) => shard)).not.toContain(0);
  });

  it("does not move two such shards that live apart, whatever else there is", () => {
    expect(rebalance(clusterWith([[500], [500], [10, 10]]))).toEqual([]);
  });

  it("gives a node of twice the weight twice as much", () => {
    const eight = [10, 10, 10, 10, 10, 10, 10, 10];
    const cluster = clusterWith([eight, [...eight, -50]], [2, 1]);
    const once = applied(cluster, rebalance(cluster));
    const twice = fills(applied(once, rebalance(once)));
    expect(twice.get("n0")).toBeGreaterThan(0.9);
    expect(twice.get("n1")).toBeLessThan(1.2);
  });

  it("does not move for so little work that it is not worth it", () => {
    expect(rebalance(clusterWith([[19, 19], [1], [1]]))).toEqual([]);
    expect(rebalance(clusterWith([[59, 59], [1], [1]]))).toHaveLength(1);
  });

  it("makes few moves at once: what they did is measured before the next", () => {
    const cluster = clusterWith([new Array(20).fill(30), [30], [30]]);
    expect(rebalance(cluster)).toHaveLength(4);
  });

  it("neither takes from nor gives to a node of which nothing is known", () => {
    const { owned, candidates } = clusterWith([[90, 90, 90], [10], [10]]);
    const silent = candidates.map(({ load, ...one }, i) => (i === 1 ? one : { ...one, load }));
    const moves = byLoad.rebalance(owned, silent as readonly Candidate[]);
    expect(moves.length).toBeGreaterThan(0);
    for (const { from, to } of moves) expect([from.nodeId, to.nodeId]).not.toContain("n1");
  });

  it("gives a node that has nothing its part at once, by count", () => {
    const moves = rebalance(clusterWith([[0, 0, 0], [0, 0, 0], []]));
    expect(moves.map(({ to }) => to.nodeId)).toEqual(["n2", "n2"]);
  });

  it("counts shards alike for those only: an idle cluster that is uneven by count moves nothing", () => {
    expect(rebalance(clusterWith([[0, 0, 0, 0, 0, 0, 0, 0], [0], [0]]))).toEqual([]);
  });
});

describe("placing by load", () => {
  const homeless = (loads: readonly number[]) =>
    loads.map((load, shard) => ({ group: "default", shard, load }));

  it("gives each shard, the hottest first, to the node that is then least full", () => {
    const { candidates } = clusterWith([[100], [100]]);
    const homes = byLoad.place(homeless([10, 20, 200]), candidates);
    expect(homes.map(({ nodeId }) => nodeId)).toEqual(["n1", "n1", "n0"]);
  });

  it("spreads shards that nobody asks, too", () => {
    const { candidates } = clusterWith([
      [30, 30],
      [30, 40],
    ]);
    const homes = byLoad.place(homeless([0, 0, 0, 0, 0, 0, 0, 0]), candidates);
    const first = homes.filter(({ nodeId }) => nodeId === "n0").length;
    expect(first).toBeGreaterThan(4);
    expect(first).toBeLessThan(8);
    const idle = candidates.map((one) => ({ ...one, load: 0 }));
    const alike = byLoad.place(homeless([0, 0]), idle);
    expect(new Set(alike.map(({ nodeId }) => nodeId)).size).toBe(2);
  });

  it("takes a shard of which it knows nothing for an average one", () => {
    const { candidates } = clusterWith([[100, 100, 100], [900]]);
    const unknown = homeless([0, 0]).map(({ group, shard }) => ({ group, shard }));
    expect(byLoad.place(unknown, candidates)).toEqual([nodeOf(0), nodeOf(0)]);
  });

  it("counts shards where it does not know what a node carries", () => {
    const { candidates } = clusterWith([[100, 100, 100], [900]]);
    const silent = candidates.map(({ node, weight, shards }) => ({ node, weight, shards }));
    expect(byLoad.place(homeless([5, 5]), silent)).toEqual([nodeOf(1), nodeOf(1)]);
  });
});
