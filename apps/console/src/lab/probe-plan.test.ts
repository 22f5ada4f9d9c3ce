import { shardOf } from "@leasehold/sharding/observe";
import { describe, expect, test } from "vitest";
import { probedShards, probeEntities } from "./probe-plan.ts";
import type { Facts, Planned, Step } from "./scenarios/scenario.ts";

const shards = { targets: [7, 9], others: [20], quiet: [30, 31] };

test("each entity is in the shard that it is for, and no other run has it", () => {
  const entities = probeEntities("r1", 64, shards);
  for (const { type, id, shard } of entities) {
    expect(`default/${shardOf("default", type, id, 64)}`).toBe(shard);
  }
  const ids = new Set(entities.map((it) => it.id));
  expect(probeEntities("r2", 64, shards).some((it) => ids.has(it.id))).toBe(false);
  const count = (shard: number, type: string) =>
    entities.filter((it) => it.shard === `default/${shard}` && it.type === type).length;
  expect([count(7, "account"), count(7, "counter"), count(20, "account")]).toEqual([6, 1, 1]);
});

test("what is written too late has no key: looking one up would be all that a cut meets", () => {
  const quiet = probeEntities("r1", 64, shards).filter((it) => it.isQuiet);
  expect(quiet.map((it) => [it.type, it.shard])).toEqual([
    ["register", "default/30"],
    ["register", "default/31"],
  ]);
});

describe("the shards that the probe asks for", () => {
  /** Shard n is of node n % 3. */
  const factsOf = (count: number) =>
    ({
      shards: Array.from({ length: count }, (_, shard) => ({
        ...{ label: `default/${shard}`, ref: { group: "default", shard } },
        owner: `node-${shard % 3}`,
      })),
    }) as unknown as Facts;
  const plannedOf = (...acts: Extract<Step, { tag: "act" }>["acts"]) =>
    ({
      ...{
        shards: [
          { group: "default", shard: 1 },
          { group: "other", shard: 4 },
        ],
      },
      steps: [{ id: "cut", words: "Cut", tag: "act", acts, deadlineMs: 1 }],
    }) as unknown as Planned;

  test("are the scenario's, and of each node some", () => {
    expect(probedShards(factsOf(12), plannedOf())).toEqual({
      ...{ targets: [1], others: [0, 2, 4, 3, 5], quiet: [] },
    });
  });

  test("and others of the owner that has writes on its way", () => {
    const planned = plannedOf({ tag: "write-late", nodeId: "node-1" });
    expect(probedShards(factsOf(12), planned)).toEqual({
      ...{ targets: [1], others: [0, 2, 3, 5, 6], quiet: [4, 7, 10] },
    });
    expect(probedShards(factsOf(3), planned).quiet).toEqual([1]);
  });
});
