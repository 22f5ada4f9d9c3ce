import { shardOf } from "@leasehold/sharding/observe";
import { expect, test } from "vitest";
import { probeEntities } from "./probe-plan.ts";

test("each entity is in the shard that it is for, and no other run has it", () => {
  const entities = probeEntities("r1", 64, [7, 9], [20], [30]);
  for (const { type, id, shard } of entities) {
    expect(`default/${shardOf("default", type, id, 64)}`).toBe(shard);
  }
  const ids = new Set(entities.map((it) => it.id));
  expect(probeEntities("r2", 64, [7, 9], [20]).some((it) => ids.has(it.id))).toBe(false);
  const count = (shard: number, type: string) =>
    entities.filter((it) => it.shard === `default/${shard}` && it.type === type).length;
  expect([count(7, "account"), count(7, "counter"), count(20, "account")]).toEqual([6, 1, 1]);
});

test("what is written too late has no key: looking one up would be all that a cut meets", () => {
  const quiet = probeEntities("r1", 64, [7], [20], [30, 31]).filter((it) => it.isQuiet);
  expect(quiet.map((it) => [it.type, it.shard])).toEqual([
    ["register", "default/30"],
    ["register", "default/31"],
  ]);
});
