import { describe, expect, it } from "vitest";
import { CoordinatorScene, group, lifeOf } from "../../testkit/coordinator-scene.ts";

/** Nodes a, b and c with two shards each; shard 0 is on its way from a to b under the first handoff. */
function moving(): { scene: CoordinatorScene; planId: string; handoffId: string } {
  const scene = CoordinatorScene.settled(["a", "b", "c"], { shards: 6, rebalance: "manual" });
  const planId = scene.proposesMove(0, "b");
  scene.applies(planId);
  const row = scene.row(0);
  const handoffId = row.state === "handing-off" ? row.handoff.id : "none";
  return { scene, planId, handoffId };
}

const refuses = (scene: CoordinatorScene, shard: number) =>
  scene.says(scene.ownerOf(shard), {
    ...{ tag: "host-refused", term: scene.cluster.term },
    shards: [{ group, shard, epoch: scene.row(shard).epoch, why: "its state is not here" }],
  });

describe("a handoff", () => {
  it("has one home at a time: the next one is written only with the release (S1)", () => {
    const { scene } = moving();
    expect(scene.row(0)).toMatchObject({ state: "handing-off", owner: lifeOf("a"), epoch: 1 });
    scene.tick(5_000);
    expect(scene.row(0)).toMatchObject({ state: "handing-off", owner: lifeOf("a"), epoch: 1 });
    scene.releases(0);
    expect(scene.row(0)).toMatchObject({ state: "starting", owner: lifeOf("b"), epoch: 2 });
    scene.hosts(0);
    expect(scene.row(0)).toMatchObject({ state: "hosted", owner: lifeOf("b"), epoch: 2 });
  });

  it("says where its state came from, and nothing where there is none", () => {
    const { scene, handoffId } = moving();
    scene.releases(0, { digest: "beef", size: 42 });
    const carried = { handoffId, from: lifeOf("a"), digest: "beef", size: 42 };
    expect(scene.row(0)).toHaveProperty("carried", carried);
    const other = moving();
    other.scene.releases(0, { digest: "", size: 0 });
    expect(other.scene.row(0)).toHaveProperty("carried", null);
  });

  it("is not ended by a release of an earlier attempt that arrives late (S1)", () => {
    const { scene, handoffId } = moving();
    const late = { handoffId, epoch: scene.row(0).epoch };
    scene.tick(12_001);
    scene.hosts(0);
    // The second attempt: the source serves again, under epoch 2, and is asked anew.
    scene.applies(scene.proposesMove(0, "b"));
    expect(scene.row(0)).toMatchObject({ state: "handing-off", epoch: 2 });
    for (const report of [late, { handoffId }, { epoch: late.epoch }]) {
      expect(scene.releases(0, report).events).toEqual([]);
    }
    expect(scene.row(0)).toMatchObject({ state: "handing-off", owner: lifeOf("a"), epoch: 2 });
  });

  it("is released once: the same report again assigns no second epoch (S2)", () => {
    const { scene, handoffId } = moving();
    const report = { handoffId, epoch: scene.row(0).epoch };
    scene.releases(0, report);
    expect(scene.releases(0, report, "a").events).toEqual([]);
    scene.hosts(0);
    expect(scene.releases(0, report, "a").events).toEqual([]);
    expect(scene.row(0)).toMatchObject({ state: "hosted", owner: lifeOf("b"), epoch: 2 });
  });

  it("gives each shard of one turn an epoch of its own history, also twice in a turn (S2)", () => {
    const { scene, handoffId } = moving();
    const message = {
      ...({ tag: "shards-released", term: 1 } as const),
      shards: [{ group, shard: 0, epoch: 1, handoffId, digest: "d", size: 9 }],
    };
    const input = { tag: "message", from: lifeOf("a"), message } as const;
    const death = { tag: "lease-ended", node: lifeOf("b"), proof: "host", renewals: 0 } as const;
    const turned = scene.turn(input, input, death);
    const epochs = turned.events.flatMap((e) =>
      e.type === "shard-assigned" && e.shard === 0 ? [e.epoch] : [],
    );
    expect(epochs).toEqual([2, 3]);
  });

  it("that is not released in time is given up, and its source goes on under a new epoch", () => {
    const { scene, planId } = moving();
    scene.tick(12_000);
    expect(scene.row(0).state).toBe("handing-off");
    scene.tick(1);
    scene.tick(2_000);
    expect(scene.row(0)).toMatchObject({ state: "starting", owner: lifeOf("a"), epoch: 2 });
    expect(scene.row(0)).toHaveProperty("carried", null);
    expect(scene.plan(planId).progress).toMatchObject([{ state: "failed" }]);
  });

  it("whose source cannot hand over fails with its reason", () => {
    const { scene, planId, handoffId } = moving();
    const failed = { group, shard: 0, epoch: 1, handoffId, why: "a handler does not end" };
    scene.says("a", { tag: "handoffs-failed", term: 1, handoffs: [failed] });
    expect(scene.row(0)).toMatchObject({ state: "starting", owner: lifeOf("a"), epoch: 2 });
    expect(scene.plan(planId).progress).toMatchObject([{ state: "failed", why: failed.why }]);
  });

  it("whose target dies before the release goes back to its source", () => {
    const { scene, planId } = moving();
    scene.loses("b");
    expect(scene.row(0)).toMatchObject({ state: "starting", owner: lifeOf("a"), epoch: 2 });
    expect(scene.row(0)).toHaveProperty("carried", null);
    expect(scene.plan(planId).progress[0]).toMatchObject({ state: "failed" });
  });

  it("whose target dies before it served gives its source the state back (epoch + 2)", () => {
    const { scene, planId, handoffId } = moving();
    scene.releases(0);
    scene.loses("b");
    expect(scene.row(0)).toMatchObject({ state: "starting", owner: lifeOf("a"), epoch: 3 });
    expect(scene.row(0)).toHaveProperty("carried.handoffId", handoffId);
    scene.hosts(0);
    expect(scene.plan(planId).progress[0]).toMatchObject({
      ...{ state: "failed", why: "went to a instead" },
    });
  });

  it("whose target dies after it served starts elsewhere: the source's copy is from before", () => {
    const { scene } = moving();
    scene.releases(0);
    scene.hosts(0);
    scene.loses("b");
    expect(scene.row(0)).toMatchObject({ state: "starting", epoch: 3 });
    expect(scene.row(0)).toHaveProperty("carried", null);
  });

  it("whose source dies before the release starts elsewhere", () => {
    const { scene } = moving();
    scene.takeOver("c");
    scene.loses("a");
    expect(scene.row(0)).toMatchObject({ state: "starting", epoch: 2 });
    expect(scene.ownerOf(0)).not.toBe("a");
  });

  it("whose source and target die after the release starts elsewhere, empty", () => {
    const { scene } = moving();
    scene.releases(0);
    scene.takeOver("c");
    scene.turn(
      { tag: "lease-ended", node: lifeOf("a"), proof: "host", renewals: 1 },
      { tag: "lease-ended", node: lifeOf("b"), proof: "host", renewals: 1 },
    );
    expect(scene.row(0)).toMatchObject({ state: "starting", owner: lifeOf("c"), carried: null });
  });

  it("whose target has not got the state goes back to its source, who has it", () => {
    const { scene, handoffId } = moving();
    scene.releases(0);
    refuses(scene, 0);
    expect(scene.row(0)).toMatchObject({ state: "starting", owner: lifeOf("a"), epoch: 3 });
    expect(scene.row(0)).toHaveProperty("carried.handoffId", handoffId);
    // The source has not got it either: it is lost, and an empty start is all that is left.
    refuses(scene, 0);
    expect(scene.row(0)).toMatchObject({ state: "starting", owner: lifeOf("a"), epoch: 4 });
    expect(scene.row(0)).toHaveProperty("carried", null);
  });

  it("whose target has not got the state and whose source is gone starts empty", () => {
    const { scene } = moving();
    scene.releases(0);
    scene.takeOver("b");
    scene.loses("a");
    refuses(scene, 0);
    expect(scene.row(0)).toMatchObject({ owner: lifeOf("b"), epoch: 3, carried: null });
  });
});
