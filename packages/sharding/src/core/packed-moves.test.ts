import fc from "fast-check";
import { expect, it } from "vitest";
import type { PlanMove } from "./log.ts";
import { areRowsWhole, packMoves, unpackMoves } from "./packed-moves.ts";

const nodeRef = fc.record({ nodeId: fc.string(), incarnation: fc.constantFrom("x", "y") });
const move: fc.Arbitrary<PlanMove> = fc.record({
  group: fc.constantFrom("default", "jobs"),
  ...{ shard: fc.nat(), epoch: fc.nat(), from: nodeRef, to: nodeRef },
  why: fc.constantFrom("a has 4", "a is being drained"),
});

it("moves are after their way what they were before it", () => {
  fc.assert(
    fc.property(fc.array(move), (moves) => {
      const packed = packMoves(moves);
      expect(areRowsWhole(packed)).toBe(true);
      expect(unpackMoves(packed)).toEqual(moves);
    }),
  );
});

it("what they have in common is said once", () => {
  const [from, to] = ["a", "b"].map((nodeId) => ({ nodeId, incarnation: "1" }));
  const moves = Array.from({ length: 100 }, (_, shard) => ({
    ...{ group: "default", shard, epoch: 1, from, to, why: "a has 200 shards, its share is 100" },
  })) as PlanMove[];
  const { groups, nodes, reasons, rows } = packMoves(moves);
  expect([groups, nodes, reasons].map((list) => list.length)).toEqual([1, 2, 1]);
  expect(rows).toHaveLength(600);
});
