import { describe, expect, it } from "vitest";
import { CoordinatorScene, group, lifeOf } from "../../testkit/coordinator-scene.ts";

const drain = (scene: CoordinatorScene, nodeId: string) =>
  scene.asks({ tag: "drain", by: "olga", nodeId });
const stateOf = (scene: CoordinatorScene, nodeId: string) => scene.cluster.nodes.get(nodeId)?.state;

describe("a drain", () => {
  it("empties the node by handoffs and ends in drained", () => {
    const scene = CoordinatorScene.settled(["a", "b", "c"], { shards: 9 });
    expect(drain(scene, "b")).toMatchObject({ ok: true });
    expect(stateOf(scene, "b")).toBe("draining");
    scene.settle();
    expect(stateOf(scene, "b")).toBe("drained");
    expect(scene.owners()).not.toContain("b");
    const causes = scene.log.flatMap((e) => (e.type === "shard-assigned" ? [e.cause] : []));
    expect(causes).not.toContain("death");
  });

  it("asked twice answers with the plan that is under way", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    const first = drain(scene, "b");
    const before = scene.plans().length;
    expect(drain(scene, "b")).toMatchObject({
      ok: true,
      planId: (first as { planId: string }).planId,
    });
    expect(scene.plans()).toHaveLength(before);
  });

  it("of an unknown or dead node is refused", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    scene.loses("b");
    expect(drain(scene, "x")).toMatchObject({ ok: false, code: "NODE_UNKNOWN" });
    expect(drain(scene, "b")).toMatchObject({ ok: false, code: "NODE_NOT_UP" });
  });

  it("gives the node no new shard", () => {
    const scene = CoordinatorScene.settled(["a", "b", "c"], { rebalance: "auto" });
    drain(scene, "b");
    scene.settle();
    scene.loses("c");
    scene.settle();
    expect(scene.owners()).toBe("a a a a");
  });

  it("waits where nobody can take the shards, and goes on when somebody can", () => {
    const scene = CoordinatorScene.settled(["a"]);
    drain(scene, "a");
    for (let i = 0; i < 10; i += 1) scene.tick(1_000);
    expect(stateOf(scene, "a")).toBe("draining");
    const { seq } = scene.cluster;
    scene.tick(60_000);
    expect(scene.cluster.seq).toBe(seq);
    scene.joins("b");
    scene.settle();
    expect(scene.owners()).toBe("b b b b");
    expect(stateOf(scene, "a")).toBe("drained");
  });

  it("tries again where a handoff fails", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    drain(scene, "b");
    scene.tick(12_001);
    expect(stateOf(scene, "b")).toBe("draining");
    scene.settle();
    expect(stateOf(scene, "b")).toBe("drained");
    expect(scene.owners()).toBe("a a a a");
  });

  it("moves shards that were only starting there", () => {
    const scene = CoordinatorScene.settled(["a", "b", "c"]);
    scene.loses("c");
    drain(scene, "b");
    scene.settle();
    expect(scene.owners()).toBe("a a a a");
    expect(stateOf(scene, "b")).toBe("drained");
  });

  it("ends only when the frozen copies of the node are needed no more", () => {
    const scene = CoordinatorScene.settled(["a", "b", "c"], { shards: 3, rebalance: "manual" });
    const shard = scene.owners().split(" ").indexOf("b");
    scene.applies(scene.proposesMove(shard, "c"));
    scene.releases(shard);
    drain(scene, "b");
    scene.tick();
    // Its target has not said that it serves: should it die, the state is on the leaving node alone.
    expect(stateOf(scene, "b")).toBe("draining");
    scene.loses("c");
    expect(scene.ownerOf(shard)).toBe("b");
    scene.settle();
    expect(stateOf(scene, "b")).toBe("drained");
    expect(scene.owners()).toBe("a a a");
  });

  it("sends shards back that were on their way to the node", () => {
    const scene = CoordinatorScene.settled(["a"], { rebalance: "manual" });
    scene.joins("b");
    const planId = scene.proposesMove(0, "b");
    scene.applies(planId);
    drain(scene, "b");
    // It has nothing to give away, and may leave at any moment.
    expect(stateOf(scene, "b")).toBe("drained");
    scene.releases(0);
    expect(scene.row(0)).toMatchObject({ state: "starting", owner: lifeOf("a"), epoch: 2 });
    scene.settle();
    expect(scene.plan(planId).progress).toMatchObject([
      { state: "failed", why: "its target b is drained" },
    ]);
  });

  it("makes no plan after plan while shards are on their way to the node", () => {
    const scene = CoordinatorScene.settled(["a", "b", "c"], { rebalance: "manual" });
    const mine = scene.owners().split(" ").indexOf("b");
    const coming = scene.owners().split(" ").indexOf("a");
    scene.applies(
      scene.proposes({
        kind: "move",
        moves: [
          { group, shard: mine, to: "c" },
          { group, shard: coming, to: "b" },
        ],
      }),
    );
    drain(scene, "b");
    const before = scene.plans().length;
    for (let i = 0; i < 50; i += 1) scene.tick(50);
    expect(scene.plans().length).toBeLessThanOrEqual(before + 1);
  });

  it("moves nothing to another draining node", () => {
    const scene = CoordinatorScene.settled(["a", "b", "c"], { shards: 9 });
    drain(scene, "b");
    drain(scene, "c");
    scene.settle();
    expect(scene.owners()).toBe(new Array(9).fill("a").join(" "));
    expect([stateOf(scene, "b"), stateOf(scene, "c")]).toEqual(["drained", "drained"]);
  });
});

describe("a cordon", () => {
  const cordon = (scene: CoordinatorScene, nodeId: string) =>
    scene.asks({ tag: "cordon", by: "olga", nodeId });
  const uncordon = (scene: CoordinatorScene, nodeId: string) =>
    scene.asks({ tag: "uncordon", by: "olga", nodeId });

  it("leaves the node what it has and gives it nothing new", () => {
    const scene = CoordinatorScene.settled(["a", "b", "c"], { shards: 6 });
    const before = scene.owners();
    cordon(scene, "b");
    scene.settle();
    expect(scene.owners()).toBe(before);
    scene.loses("c");
    scene.settle();
    const counts = scene.owners().split(" ");
    expect(counts.filter((owner) => owner === "b")).toHaveLength(2);
    expect(counts.filter((owner) => owner === "a")).toHaveLength(4);
  });

  it("said twice is written once, and survives a restart of the node", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    cordon(scene, "b");
    const { seq } = scene.cluster;
    expect(cordon(scene, "b")).toEqual({ ok: true, seq, planId: null });
    scene.joins("b-2");
    expect(scene.cluster.nodes.get("b")).toMatchObject({ ...lifeOf("b-2"), cordoned: true });
  });

  it("of an unknown node is refused", () => {
    const scene = CoordinatorScene.settled(["a"]);
    expect(cordon(scene, "x")).toMatchObject({ ok: false, code: "NODE_UNKNOWN" });
    expect(uncordon(scene, "x")).toMatchObject({ ok: false, code: "NODE_UNKNOWN" });
  });

  it("when it ends lets the node take its share again", () => {
    const scene = CoordinatorScene.settled(["a"], { shards: 6 });
    scene.asks({ tag: "plan", by: "olga", request: { kind: "rebalance" } });
    scene.joins("b");
    cordon(scene, "b");
    scene.settle();
    uncordon(scene, "b");
    scene.settle();
    expect(
      scene
        .owners()
        .split(" ")
        .filter((owner) => owner === "b"),
    ).toHaveLength(3);
  });

  it("when it ends gives homes to shards that nobody could take", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    cordon(scene, "a");
    scene.loses("b");
    expect(scene.owners()).toBe("a - a -");
    uncordon(scene, "a");
    expect(scene.owners()).toBe("a a a a");
  });

  it("when it ends brings a draining node back, and cancels what still moves away from it", () => {
    const scene = CoordinatorScene.settled(["a", "b"], { shards: 8, movesInFlight: 1 });
    const answer = drain(scene, "b");
    const planId = (answer as { planId: string }).planId;
    uncordon(scene, "b");
    expect(stateOf(scene, "b")).toBe("up");
    expect(scene.plan(planId)).toMatchObject({ state: "cancelled", why: "b takes part again" });
    scene.settle();
    const counts = scene.owners().split(" ");
    expect(counts.filter((owner) => owner === "b")).toHaveLength(4);
  });

  it("when it ends brings a drained node back", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    drain(scene, "b");
    scene.settle();
    uncordon(scene, "b");
    scene.settle();
    expect(stateOf(scene, "b")).toBe("up");
    expect(
      scene
        .owners()
        .split(" ")
        .filter((owner) => owner === "b"),
    ).toHaveLength(2);
  });

  it("skips the moves to the node that had not begun, and says why", () => {
    const scene = CoordinatorScene.settled(["a"], { rebalance: "manual", movesInFlight: 1 });
    scene.joins("b");
    const planId = scene.proposes({ kind: "rebalance" });
    scene.applies(planId);
    expect(scene.plan(planId).progress.map((move) => move.state)).toEqual(["moving", "pending"]);
    cordon(scene, "b");
    scene.settle();
    expect(scene.plan(planId).progress).toMatchObject([
      { state: "done" },
      { state: "skipped", why: "b is cordoned" },
    ]);
    expect(scene.owners().split(" ").sort().join(" ")).toBe("a a a b");
    expect(scene.plan(planId).state).toBe("done");
  });

  it("refuses moves to the node, and an undo leaves out what would go there", () => {
    const scene = CoordinatorScene.settled(["a", "b"], { rebalance: "manual" });
    const planId = scene.proposesMove(1, "a");
    scene.applies(planId);
    scene.settle();
    cordon(scene, "b");
    const request = { kind: "move", moves: [{ group: "default", shard: 0, to: "b" }] } as const;
    expect(scene.asks({ tag: "plan", by: "olga", request })).toMatchObject({
      ...{ ok: false, code: "NODE_NOT_UP" },
      why: "Node b is cordoned: it gets no shards. Uncordon it first.",
    });
    const undo = scene.controls(planId, "undo");
    expect(undo.ok && scene.plan(undo.planId ?? "").moves).toEqual([]);
  });
});
