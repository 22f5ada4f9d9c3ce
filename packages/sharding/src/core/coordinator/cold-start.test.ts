import { describe, expect, it } from "vitest";
import {
  CoordinatorScene,
  group,
  lifeOf,
  type SceneOptions,
} from "../../testkit/coordinator-scene.ts";
import type { CoordinatorInput } from "../coordinator.ts";

const leases = (...names: string[]): CoordinatorInput => ({
  ...{ tag: "leases", alive: names.map(lifeOf) },
});
const cold = (options: SceneOptions = {}): CoordinatorScene =>
  new CoordinatorScene({ settleMinMs: 300, settleMaxMs: 1_500, ...options });

describe("a cold cluster", () => {
  it("waits for whoever holds a lease, so that nothing has to move afterwards", () => {
    const scene = cold();
    scene.turn(leases("a", "b"));
    scene.joins("a");
    scene.tick(300);
    expect(scene.owners()).toBe("- - - -");
    scene.joins("b");
    expect(scene.owners()).toBe("a b a b");
    scene.hostAll();
    scene.settle();
    expect(scene.plans()).toEqual([]);
  });

  it("waits a moment even where all have joined: more may be about to take their lease", () => {
    const scene = cold();
    scene.turn(leases("a"));
    scene.joins("a");
    scene.tick(299);
    expect(scene.owners()).toBe("- - - -");
    scene.tick(1);
    expect(scene.owners()).toBe("a a a a");
  });

  it("waits for the life that holds the lease, not for a former one of that name", () => {
    const scene = cold();
    scene.turn(leases("a", "b-2"));
    scene.joins("a");
    scene.joins("b");
    scene.tick(400);
    expect(scene.owners()).toBe("- - - -");
    scene.joins("b-2");
    expect(scene.owners()).toBe("a b-2 a b-2");
  });

  it("does not wait for ever for a node that holds a lease and does not join", () => {
    const scene = cold();
    scene.turn(leases("a", "b"));
    scene.joins("a");
    scene.tick(1_499);
    expect(scene.owners()).toBe("- - - -");
    scene.tick(1);
    expect(scene.owners()).toBe("a a a a");
  });

  it("gives no shard to a node that joined and died while it waited", () => {
    const scene = cold();
    scene.turn(leases("a", "b"));
    scene.joins("a");
    scene.joins("b");
    scene.loses("b");
    scene.tick(300);
    expect(scene.owners()).toBe("a a a a");
  });

  it("allocates as soon as somebody joins, where nobody was there in time", () => {
    const scene = cold();
    scene.tick(2_000);
    scene.joins("a");
    expect(scene.owners()).toBe("a a a a");
  });
});

describe("a warm cluster", () => {
  it("does not wait when a member takes over: its dead get new homes in the same turn", () => {
    const scene = CoordinatorScene.settled(["a", "b", "c"]);
    scene.takeOver("b");
    scene.loses("a");
    expect(scene.owners()).not.toContain("a");
    expect(scene.owners()).not.toContain("-");
  });

  it("waits when a new life takes over: its own shards may be about to come back to it", () => {
    const scene = CoordinatorScene.settled(["a", "b"], { settleMinMs: 300 });
    scene.takeOver("a-2");
    scene.turn(leases("a-2", "b"));
    scene.loses("a");
    expect(scene.owners()).toBe("- b - b");
    scene.joins("a-2");
    scene.tick(300);
    expect(scene.owners()).toBe("a-2 b a-2 b");
  });

  it("is still cold for a coordinator that takes over before anything was given away", () => {
    const scene = cold();
    scene.turn(leases("a", "b", "c"));
    scene.joins("a");
    scene.joins("b");
    scene.takeOver("b");
    scene.turn(leases("a", "b", "c"));
    scene.tick(300);
    expect(scene.owners()).toBe("- - - -");
    scene.joins("c");
    expect(scene.owners()).toBe("a b c a");
  });
});

describe("a cluster that runs", () => {
  it("does not wait because its new coordinator has not registered: others say that they serve", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    scene.takeOver("c");
    scene.turn(leases("a", "b", "c"));
    scene.says("a", { tag: "claim", term: 2, claims: [{ group, shard: 0, epoch: 1 }] });
    scene.loses("b");
    expect(scene.owners()).toBe("a a a a");
  });

  it("may have stopped altogether, where nobody says that it serves", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    scene.takeOver("a-2");
    scene.turn(leases("a-2", "b-2"));
    scene.joins("a-2");
    scene.says("b", { tag: "claim", term: 2, claims: [] });
    scene.joins("b-2");
    scene.tick(500);
    expect(scene.owners()).toBe("a-2 b-2 a-2 b-2");
  });
});
