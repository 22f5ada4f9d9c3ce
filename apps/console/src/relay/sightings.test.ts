import type { ShardHeat } from "@leasehold/sharding/observe";
import { describe, expect, test } from "vitest";
import { beliefOf } from "../testing/factories.ts";
import type { Hello } from "./frame-schemas.ts";
import { Sightings } from "./sightings.ts";

const hello: Hello = {
  ...{ protocol: 1, cluster: "test", nodeId: "node-1", incarnation: "node-1-life" },
  ...{ address: "http://127.0.0.1:1", healUrl: null, faultsOn: false, leaseTtlMs: 5000 },
};
const belief = beliefOf("node-1");
const heat: ShardHeat = { group: "default", shard: 3, requestsPerSecond: 40, busyMs: null };

describe("what a node names as hot", () => {
  test("is told once, and again only when it says it anew", () => {
    const sightings = new Sightings();
    sightings.whole(hello, belief, [], 0);
    expect(sightings.takeUnsent(0)[0]).not.toHaveProperty("hot");
    sightings.delta(hello, belief, [], [], 1000, [heat]);
    expect(sightings.takeUnsent(1000)[0]?.hot).toEqual([heat]);
    sightings.delta(hello, belief, [], [], 1050);
    expect(sightings.takeUnsent(1050)[0]).not.toHaveProperty("hot");
    sightings.delta(hello, belief, [], [], 2000, []);
    expect(sightings.takeUnsent(2000)[0]?.hot, "nothing is hot any more").toEqual([]);
  });

  test("is told to a browser that comes later", () => {
    const sightings = new Sightings();
    sightings.delta(hello, belief, [], [], 0, [heat]);
    sightings.delta(hello, belief, [], [], 50);
    sightings.takeUnsent(50);
    expect(sightings.all(60)[0]?.hot).toEqual([heat]);
  });
});
