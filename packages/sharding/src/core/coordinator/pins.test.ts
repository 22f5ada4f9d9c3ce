import { describe, expect, it } from "vitest";
import { CoordinatorScene, group } from "../../testkit/coordinator-scene.ts";

/** Nodes a and b; shard 0 was moved from a to b by an operator, and is pinned there. */
function pinned(): CoordinatorScene {
  const scene = CoordinatorScene.settled(["a", "b"]);
  scene.applies(scene.proposesMove(0, "b"));
  scene.settle();
  expect(scene.ownerOf(0)).toBe("b");
  expect(scene.row(0).pinned).toBe(true);
  return scene;
}

describe("a pin", () => {
  it("is what a move leaves on its shards, and on no others", () => {
    const scene = pinned();
    for (const shard of [1, 2, 3]) expect(scene.row(shard).pinned).toBe(false);
  });

  it("is left by no move that did not arrive", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    scene.applies(scene.proposesMove(0, "b"));
    scene.tick(12_001);
    scene.settle();
    expect(scene.row(0).pinned).toBe(false);
  });

  it("is left by no rebalance and no drain", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    scene.joins("c");
    scene.settle();
    scene.asks({ tag: "drain", by: "olga", nodeId: "a" });
    scene.settle();
    for (const shard of [0, 1, 2, 3]) expect(scene.row(shard).pinned).toBe(false);
  });

  it("keeps the shard there when the cluster balances itself", () => {
    const scene = pinned();
    scene.applies(scene.proposesMove(2, "b"));
    scene.settle();
    expect(scene.owners()).toBe("b b b b");
    scene.joins("c");
    scene.settle();
    expect(scene.ownerOf(0)).toBe("b");
    expect(scene.ownerOf(2)).toBe("b");
  });

  it("goes with the shard to where another move puts it", () => {
    const scene = pinned();
    scene.applies(scene.proposesMove(0, "a"));
    scene.settle();
    expect(scene.row(0)).toMatchObject({ pinned: true });
    expect(scene.ownerOf(0)).toBe("a");
  });

  it("outlives a handoff that was given up", () => {
    const scene = pinned();
    scene.applies(scene.proposesMove(0, "a"));
    scene.tick(12_001);
    scene.settle();
    expect(scene.row(0).pinned).toBe(true);
    expect(scene.ownerOf(0)).toBe("b");
  });

  it("ends with the death of its home", () => {
    const scene = pinned();
    scene.loses("b");
    expect(scene.row(0).pinned).toBe(false);
  });

  it("ends with the death of its home before it served, where the source goes on", () => {
    const scene = pinned();
    scene.applies(scene.proposesMove(0, "a"));
    scene.releases(0);
    scene.takeOver("b");
    scene.loses("a");
    expect(scene.ownerOf(0)).toBe("b");
    expect(scene.row(0).pinned).toBe(false);
  });

  it("ends with the drain of its home", () => {
    const scene = pinned();
    scene.asks({ tag: "drain", by: "olga", nodeId: "b" });
    scene.settle();
    expect(scene.owners()).toBe("a a a a");
    expect(scene.row(0).pinned).toBe(false);
  });

  it("ends with the undo of the move that left it", () => {
    const scene = CoordinatorScene.settled(["a", "b"], { rebalance: "manual" });
    const planId = scene.proposesMove(0, "b");
    scene.applies(planId);
    scene.settle();
    const answer = scene.controls(planId, "undo");
    scene.applies((answer as { planId: string }).planId);
    scene.settle();
    expect(scene.ownerOf(0)).toBe("a");
    expect(scene.row(0).pinned).toBe(false);
  });

  it("ends when it is asked to, and the cluster balances itself again", () => {
    const scene = pinned();
    scene.applies(scene.proposesMove(2, "b"));
    scene.settle();
    expect(scene.owners()).toBe("b b b b");
    const unpin = (shard: number) => scene.asks({ tag: "unpin", by: "olga", group, shard });
    for (const shard of [0, 2]) expect(unpin(shard)).toMatchObject({ ok: true });
    scene.settle();
    expect(
      scene
        .owners()
        .split(" ")
        .filter((owner) => owner === "a"),
    ).toHaveLength(2);
  });

  it("that is not there ends without a word in the log", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    const { seq } = scene.cluster;
    expect(scene.asks({ tag: "unpin", by: "olga", group, shard: 0 })).toEqual({
      ...{ ok: true, seq, planId: null },
    });
    expect(scene.asks({ tag: "unpin", by: "olga", group, shard: 9 })).toMatchObject({
      ...{ ok: false, code: "SHARD_UNKNOWN" },
    });
  });
});
