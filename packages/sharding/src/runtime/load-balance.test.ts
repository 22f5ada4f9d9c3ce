import { describe, expect, it } from "vitest";
import { LoadWorld, type LoadWorldOptions } from "../testkit/load-world.ts";
import { createRandom } from "../testkit/sim/random.ts";

/**
 * The real coordinator and meters under Zipf's load, five simulated minutes at a time. The bounds are those of
 * the design: below 1.25 of the mean within 30 s, and fewer than 5 % of the shards moved for it.
 */
const shards = 256;
const few = 0.05 * shards;

const worldOf = (nodes: string, seed: number, more: Partial<LoadWorldOptions> = {}): LoadWorld =>
  new LoadWorld({
    ...{ nodes: [...nodes], shards, entities: 1_000, requestsPerSecond: 1_000, handlerMs: 0.3 },
    ...{ random: createRandom(seed), ...more },
  });

interface Minute {
  readonly before: number;
  /** Until the spread was below 1.25 for good; Infinity where it never was. @unit milliseconds */
  readonly evenAfterMs: number;
  readonly after: number;
  readonly moves: number;
}

function minute(world: LoadWorld): Minute {
  const [startMs, before, movesBefore] = [world.nowMs, world.spread(), world.moves()];
  let evenAfterMs = before < 1.25 ? 0 : Number.POSITIVE_INFINITY;
  world.run(60_000, () => {
    if (world.spread() >= 1.25) evenAfterMs = Number.POSITIVE_INFINITY;
    else evenAfterMs = Math.min(evenAfterMs, world.nowMs - startMs);
  });
  return { before, evenAfterMs, after: world.spread(), moves: world.moves() - movesBefore };
}

const said = ({ before, evenAfterMs, after, moves }: Minute): string =>
  `${before.toFixed(2)} -> ${after.toFixed(2)} (${evenAfterMs} ms, ${moves} moved)`;

const cases = ["abc", "abcde"].flatMap((nodes) => [1, 2].map((seed) => ({ nodes, seed })));

describe("Zipf's load on the strategy `load`", () => {
  it.each(cases)(
    "is even again soon after each time that other entities become popular: $nodes, seed $seed",
    ({ nodes, seed }) => {
      const world = worldOf(nodes, seed);
      const minutes = [0, 1, 2, 3, 4].map((turn) => {
        world.rates = world.zipf(10 * seed + turn);
        return minute(world);
      });
      process.stdout.write(`spread, ${nodes.length} nodes: ${minutes.map(said).join(", ")}\n`);
      for (const { evenAfterMs, moves } of minutes) {
        expect(evenAfterMs).toBeLessThanOrEqual(30_000);
        expect(moves).toBeLessThan(few);
      }
    },
  );

  it.each(cases)("moves no shard twice while it stays as it is: $nodes, seed $seed", (one) => {
    const world = worldOf(one.nodes, one.seed);
    world.rates = world.zipf(10 * one.seed);
    world.run(300_000);
    const moved = world.plans().flatMap(({ moves }) => moves.map(({ shard }) => shard));
    expect(new Set(moved).size).toBe(moved.length);
    expect(moved.length).toBeLessThan(few);
    expect(world.spread()).toBeLessThan(1.25);
  });

  it("stays as uneven as it is by count alone", () => {
    const world = worldOf("abcde", 1, { strategy: "least-loaded" });
    expect(minute(world)).toMatchObject({ evenAfterMs: Number.POSITIVE_INFINITY, moves: 0 });
  });
});

describe("the strategy `load` with every shard alike", () => {
  it("gives a node that joins its part and then moves nothing", () => {
    const world = worldOf("abc", 1);
    world.rates = new Float64Array(shards).fill(4);
    world.joins("d");
    world.run(60_000);
    expect(world.spread()).toBeLessThan(1.1);
    expect(world.moves()).toBe(shards / 4);
    world.run(240_000);
    expect(world.moves()).toBe(shards / 4);
  });
});
