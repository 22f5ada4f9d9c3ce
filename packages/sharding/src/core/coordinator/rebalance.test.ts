import { describe, expect, it } from "vitest";
import { CoordinatorScene, group } from "../../testkit/coordinator-scene.ts";
import type { StrategyName } from "../log.ts";

const both: readonly StrategyName[] = ["least-loaded", "rendezvous"];
const moved = (before: string, after: string): number => {
  const now = after.split(" ");
  return before.split(" ").filter((owner, shard) => owner !== now[shard]).length;
};

describe.each(both)("a cluster that balances itself by %s", (strategy) => {
  const settled = (names: readonly string[]) =>
    CoordinatorScene.settled(names, { shards: 60, strategy, movesInFlight: 8 });

  it("moves once when a node joins, and then never again (L4)", () => {
    const scene = settled(["a", "b"]);
    const before = scene.owners();
    scene.joins("c");
    scene.settle();
    const share = moved(before, scene.owners());
    expect(share).toBeGreaterThan(10);
    expect(share).toBeLessThan(30);
    expect(scene.plans()).toMatchObject([{ kind: "rebalance", by: "auto", state: "done" }]);
    const { seq } = scene.cluster;
    for (let i = 0; i < 100; i += 1) scene.tick(60_000);
    expect(scene.cluster.seq).toBe(seq);
  });

  it("moves nothing when another node takes over (L4)", () => {
    const scene = settled(["a", "b", "c"]);
    const before = scene.owners();
    scene.takeOver("b");
    scene.settle();
    expect(scene.owners()).toBe(before);
    expect(scene.plans()).toEqual([]);
  });
});

describe("a cluster that balances itself", () => {
  it("waits until nothing is under way", () => {
    const scene = CoordinatorScene.settled(["a", "b"], { shards: 4 });
    scene.applies(scene.proposesMove(0, "b"));
    scene.joins("c");
    scene.tick(1_000);
    expect(scene.plans()).toHaveLength(1);
    scene.settle();
    expect(scene.plans()).toHaveLength(2);
  });

  it("waits until every shard that starts is served", () => {
    const scene = new CoordinatorScene();
    scene.joins("a");
    scene.tick(1_500);
    scene.joins("b");
    scene.tick(60_000);
    expect(scene.plans()).toEqual([]);
    scene.hostAll();
    expect(scene.plans()).toMatchObject([{ kind: "rebalance", by: "auto" }]);
  });

  it("looks again when a node is lost", () => {
    const scene = CoordinatorScene.settled(["a", "b", "c"], { shards: 12 });
    const mine = scene
      .owners()
      .split(" ")
      .flatMap((owner, shard) => (owner === "a" ? [shard] : []));
    const moves = mine.map((shard) => ({ group, shard, to: "b" }));
    const planId = scene.proposes({ kind: "move", moves });
    scene.applies(planId);
    // A cancelled plan pins nothing, and nothing moves back by itself.
    scene.controls(planId, "cancel");
    scene.settle();
    const count = (name: string) =>
      scene
        .owners()
        .split(" ")
        .filter((o) => o === name).length;
    expect([count("a"), count("b"), count("c")]).toEqual([0, 8, 4]);
    scene.loses("c");
    scene.settle();
    expect([count("a"), count("b")]).toEqual([6, 6]);
  });

  it("waits for a paused plan: its operator wants to look", () => {
    const scene = CoordinatorScene.settled(["a", "b"], { shards: 8, movesInFlight: 1 });
    const planId = scene.proposes({ kind: "drain", node: "a" });
    scene.applies(planId);
    scene.controls(planId, "pause");
    scene.joins("c");
    scene.settle();
    expect(scene.plans()).toHaveLength(1);
    scene.controls(planId, "cancel");
    scene.settle();
    expect(scene.plans()).toHaveLength(2);
  });

  it("moves nothing by itself where that is the operator's matter", () => {
    const scene = CoordinatorScene.settled(["a", "b"], { rebalance: "manual" });
    const before = scene.owners();
    scene.joins("c");
    for (let i = 0; i < 20; i += 1) scene.tick(10_000);
    expect(scene.owners()).toBe(before);
    expect(scene.plans()).toEqual([]);
  });
});
