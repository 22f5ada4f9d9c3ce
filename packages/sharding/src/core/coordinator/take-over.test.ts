import { describe, expect, it } from "vitest";
import { CoordinatorScene, group, lifeOf } from "../../testkit/coordinator-scene.ts";
import type { ShardGrant } from "../messages.ts";

const claims = (scene: CoordinatorScene, name: string, shards: readonly number[]) =>
  scene.says(name, {
    ...{ tag: "claim", term: scene.cluster.term },
    claims: shards.map((shard): ShardGrant => ({ group, shard, epoch: scene.row(shard).epoch })),
  });

/** Nodes a and b with two shards each; shard 0 is on its way from a to b, by a plan of an operator. */
function moving(): { scene: CoordinatorScene; planId: string } {
  const scene = CoordinatorScene.settled(["a", "b"]);
  const planId = scene.proposesMove(0, "b");
  scene.applies(planId);
  return { scene, planId };
}

describe("a take-over", () => {
  it("moves no shard of a healthy cluster", () => {
    const scene = CoordinatorScene.settled(["a", "b", "c"], { shards: 12 });
    const owners = scene.owners();
    scene.takeOver("b");
    for (const name of ["a", "b", "c"]) {
      const held = owners.split(" ").flatMap((owner, shard) => (owner === name ? [shard] : []));
      expect(claims(scene, name, held)).toMatchObject({ events: [], messages: [] });
    }
    for (let i = 0; i < 20; i += 1) expect(scene.tick(1_000).events).toEqual([]);
    expect(scene.owners()).toBe(owners);
  });

  it("takes a claim of a starting shard for the report that was lost with the old coordinator", () => {
    const { scene } = moving();
    scene.releases(0);
    scene.takeOver("b");
    expect(scene.row(0).state).toBe("starting");
    claims(scene, "b", [0]);
    expect(scene.row(0)).toMatchObject({ state: "hosted", owner: lifeOf("b") });
  });

  it("asks again at once for what is under way, from the rows alone", () => {
    const { scene } = moving();
    scene.takeOver("b");
    const { messages } = scene.tick();
    const { epoch } = scene.row(0);
    expect(messages).toMatchObject([
      {
        to: lifeOf("a"),
        message: {
          ...{ tag: "begin-handoffs", term: 2, incarnation: "a-1" },
          handoffs: [{ group, shard: 0, epoch, to: lifeOf("b"), toAddress: "http://b" }],
        },
      },
    ]);
  });

  it("finishes a handoff that its predecessor began, and the plan with it", () => {
    const { scene, planId } = moving();
    scene.takeOver("b");
    scene.releases(0);
    scene.hosts(0);
    scene.tick();
    expect(scene.ownerOf(0)).toBe("b");
    expect(scene.plan(planId)).toMatchObject({ state: "done", progress: [{ state: "done" }] });
  });

  it("gives a handoff up that nobody releases, counting from the take-over", () => {
    const { scene, planId } = moving();
    scene.tick(11_000);
    scene.takeOver("b");
    scene.tick(11_000);
    expect(scene.row(0).state).toBe("handing-off");
    scene.tick(1_001);
    expect(scene.row(0)).toMatchObject({ state: "starting", owner: lifeOf("a"), epoch: 2 });
    scene.hosts(0);
    expect(scene.plan(planId).progress).toMatchObject([{ state: "failed" }]);
  });

  it("goes on with a plan where its predecessor stopped", () => {
    const scene = CoordinatorScene.settled(["a", "b"], {
      ...{ shards: 8, movesInFlight: 1, rebalance: "manual" },
    });
    const planId = scene.proposes({ kind: "drain", node: "a" });
    scene.applies(planId);
    scene.releases(0);
    scene.hosts(0);
    scene.takeOver("b");
    scene.settle();
    expect(scene.owners()).toBe("b b b b b b b b");
    expect(scene.plan(planId).state).toBe("done");
  });

  it("leaves a paused plan paused", () => {
    const scene = CoordinatorScene.settled(["a", "b"], { shards: 8, movesInFlight: 1 });
    const planId = scene.proposes({ kind: "drain", node: "a" });
    scene.applies(planId);
    scene.controls(planId, "pause");
    scene.takeOver("b");
    scene.settle();
    expect(scene.plan(planId)).toMatchObject({ state: "paused" });
    expect(scene.plan(planId).progress.map((move) => move.state)).toEqual([
      "done",
      "pending",
      "pending",
      "pending",
    ]);
  });

  it("numbers its own plans and handoffs: no id is given twice", () => {
    const { scene, planId } = moving();
    scene.takeOver("b");
    expect(scene.proposesMove(1, "a")).not.toBe(planId);
  });
});

describe("a claim", () => {
  it("of a shard that another node serves is told to stop, and takes nothing back", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    const before = scene.row(1);
    const stale = { group, shard: 1, epoch: before.epoch };
    for (const epoch of [before.epoch, before.epoch - 1]) {
      const claim = { ...stale, epoch };
      const turned = scene.says("a", { tag: "claim", term: 1, claims: [claim] });
      expect(turned.events).toEqual([]);
      expect(turned.messages).toMatchObject([
        { to: lifeOf("a"), message: { tag: "stop-shards", incarnation: "a-1", shards: [claim] } },
      ]);
    }
    expect(scene.row(1)).toEqual(before);
  });

  it("of a shard that does not exist is told to stop", () => {
    const scene = CoordinatorScene.settled(["a"]);
    const claim = { group: "gone", shard: 99, epoch: 1 };
    const turned = scene.says("a", { tag: "claim", term: 1, claims: [claim] });
    expect(turned.messages).toMatchObject([{ message: { tag: "stop-shards", shards: [claim] } }]);
  });

  it("above its row keeps the shard where it is served, above both numbers (S1, S2)", () => {
    const scene = CoordinatorScene.settled(["a", "b"], { rebalance: "manual" });
    // After a restore: the row says a at epoch 1, and b has it since epoch 7.
    const claim = { group, shard: 0, epoch: 7 };
    const turned = scene.says("b", { tag: "claim", term: 1, claims: [claim] });
    expect(scene.row(0)).toMatchObject({ state: "starting", owner: lifeOf("b"), epoch: 8 });
    // Not told to stop: its next order goes on from what it holds.
    expect(turned.messages).toEqual([]);
  });

  it("of the source leaves it its frozen copy until the target serves", () => {
    const { scene } = moving();
    const source = { group, shard: 0, epoch: scene.row(0).epoch };
    scene.releases(0);
    scene.takeOver("b");
    const turned = scene.says("a", { tag: "claim", term: 2, claims: [source] });
    expect(turned.messages.map(({ message }) => message.tag)).not.toContain("stop-shards");
    // The target dies before it served: the copy is the only one.
    scene.takeOver("a");
    scene.loses("b");
    expect(scene.row(0)).toMatchObject({ state: "starting", owner: lifeOf("a"), epoch: 3 });
    expect(scene.row(0)).toHaveProperty("carried.from", lifeOf("a"));
  });

  it("of the source after the target served is told to stop", () => {
    const { scene } = moving();
    const source = { group, shard: 0, epoch: scene.row(0).epoch };
    scene.releases(0);
    scene.hosts(0);
    const turned = scene.says("a", { tag: "claim", term: 1, claims: [source] });
    expect(turned.messages).toMatchObject([{ message: { tag: "stop-shards", shards: [source] } }]);
  });
});

describe("an order", () => {
  it("is repeated until it is answered, ever more seldom", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    scene.applies(scene.proposesMove(0, "b"));
    const sentAt: number[] = [];
    const startMs = scene.nowMs;
    while (scene.nowMs < startMs + 7_950) {
      const { messages } = scene.tick(50);
      if (messages.some(({ message }) => message.tag === "begin-handoffs")) {
        sentAt.push(scene.nowMs - startMs);
      }
    }
    expect(sentAt).toEqual([250, 500, 1_000, 2_000, 4_000, 6_000]);
    scene.releases(0);
    expect(scene.tick(250).messages).toMatchObject([
      { to: lifeOf("b"), message: { tag: "host-shards", shards: [{ group, shard: 0, epoch: 2 }] } },
    ]);
    scene.hosts(0);
    expect(scene.tick(10_000).messages).toEqual([]);
  });

  it("goes out with all others for the same node in one message", () => {
    const scene = new CoordinatorScene({ shards: 100 });
    scene.joins("a");
    scene.joins("b");
    scene.tick(1_500);
    const { messages } = scene.tick(250);
    expect(messages.map(({ to }) => to)).toEqual([lifeOf("a"), lifeOf("b")]);
    for (const { message } of messages) expect(message).toHaveProperty("shards.length", 50);
  });
});
