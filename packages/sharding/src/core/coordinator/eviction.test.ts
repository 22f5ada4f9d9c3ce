import { describe, expect, it } from "vitest";
import { CoordinatorScene, group, lifeOf } from "../../testkit/coordinator-scene.ts";

/** Everybody renews; `lost` is reached by nobody. */
function hears(scene: CoordinatorScene, names: string, lost = ""): void {
  const renewing = names.split(" ").map((name) => ({
    ...lifeOf(name),
    unreached:
      name === lost
        ? names
            .split(" ")
            .filter((other) => other !== lost)
            .map((other) => lifeOf(other).incarnation)
        : names
            .split(" ")
            .filter((other) => other === lost)
            .map((other) => lifeOf(other).incarnation),
  }));
  scene.turn({ tag: "leases", alive: renewing, renewing });
}

const types = (scene: CoordinatorScene): string =>
  scene.turned.events.map((event) => event.type).join(" ");
const stops = (scene: CoordinatorScene, name: string, ...epochs: [number, number][]) =>
  scene.says(name, {
    tag: "shards-stopped",
    term: scene.cluster.term,
    shards: epochs.map(([shard, epoch]) => ({ group, shard, epoch })),
  });
const stateOf = (scene: CoordinatorScene, name: string) =>
  scene.cluster.nodes.get(lifeOf(name).nodeId)?.state;

const settled = () => CoordinatorScene.settled(["a", "b", "c"], { shards: 6 });

describe("a node that most others cannot reach", () => {
  it("is evicted, and keeps its shards until it lets go of them", () => {
    const scene = settled();
    expect(scene.owners()).toBe("a b c a b c");
    hears(scene, "a b c", "c");
    expect(types(scene)).toBe("node-evicted");
    expect(scene.turned.events[0]).toMatchObject({ nodeId: "c", unreachedBy: ["a", "b"] });
    scene.tick(60_000);
    expect(scene.owners()).toBe("a b c a b c");
    stops(scene, "c", [2, 1]);
    expect(scene.owners()).toBe("a b a a b c");
    expect(scene.row(2)).toMatchObject({ state: "starting", epoch: 2 });
    stops(scene, "c", [5, 1]);
    expect(scene.owners()).toBe("a b a a b b");
  });

  it("is evicted once", () => {
    const scene = settled();
    hears(scene, "a b c", "c");
    hears(scene, "a b c", "c");
    expect(scene.turned.events).toEqual([]);
  });

  it("loses its shards when its lease ends", () => {
    const scene = settled();
    hears(scene, "a b c", "c");
    scene.loses("c");
    expect(scene.owners()).toBe("a b a a b b");
    expect(stateOf(scene, "c")).toBe("dead");
  });

  it("is not believed about another epoch or another home", () => {
    const scene = settled();
    hears(scene, "a b c", "c");
    stops(scene, "c", [2, 2], [0, 1], [99, 1]);
    expect(scene.turned.events).toEqual([]);
  });

  it("is believed also when it takes part again: it read of its eviction after it had been given more", () => {
    const scene = settled();
    stops(scene, "c", [2, 1]);
    expect(scene.row(2)).toMatchObject({ state: "starting", epoch: 2 });
  });

  it("takes part again when it owns nothing and a majority reaches it, and gets its share", () => {
    const scene = settled();
    hears(scene, "a b c", "c");
    hears(scene, "a b c");
    expect(scene.turned.events).toEqual([]);
    stops(scene, "c", [2, 1], [5, 1]);
    scene.hostAll();
    hears(scene, "a b c", "c");
    expect(stateOf(scene, "c")).toBe("evicted");
    hears(scene, "a b c");
    expect(types(scene)).toContain("node-restored");
    scene.settle();
    expect(
      scene
        .owners()
        .split(" ")
        .filter((name) => name === "c"),
    ).toHaveLength(2);
  });

  it("gets nothing: no first homes, no moves, no frozen copies back", () => {
    const scene = settled();
    hears(scene, "a b c", "c");
    scene.loses("b");
    expect(scene.owners()).toBe("a a c a a c");
    const answer = scene.asks({
      ...{ tag: "plan", by: "olga" },
      request: { kind: "move", moves: [{ group, shard: 0, to: "c" }] },
    });
    expect(answer).toMatchObject({ ok: false, code: "NODE_NOT_UP" });
  });

  it("is no target any more: handoffs to it go back to their source", () => {
    const scene = settled();
    scene.applies(scene.proposesMove(0, "c"));
    expect(scene.row(0).state).toBe("handing-off");
    hears(scene, "a b c", "c");
    expect(scene.row(0)).toMatchObject({ state: "starting", owner: lifeOf("a"), epoch: 2 });
  });

  it("may still release what it was handing off: that word is as good as the other", () => {
    const scene = settled();
    scene.applies(scene.proposesMove(2, "a"));
    hears(scene, "a b c", "c");
    scene.releases(2);
    expect(scene.row(2)).toMatchObject({ state: "starting", owner: lifeOf("a"), epoch: 2 });
  });

  it("is not asked for the frozen copy that it keeps: the target that cannot start begins empty", () => {
    const scene = settled();
    scene.applies(scene.proposesMove(2, "a"));
    scene.releases(2);
    hears(scene, "a b c", "c");
    const { epoch } = scene.row(2);
    scene.says("a", {
      tag: "host-refused",
      term: 1,
      shards: [{ group, shard: 2, epoch, why: "" }],
    });
    expect(scene.row(2)).toMatchObject({ owner: lifeOf("a"), epoch: epoch + 1, carried: null });
  });

  it("is still evicted for the next coordinator, which goes on from the rows", () => {
    const scene = settled();
    hears(scene, "a b c", "c");
    scene.takeOver("b");
    scene.tick(60_000);
    expect(scene.owners()).toBe("a b c a b c");
    stops(scene, "c", [2, 1], [5, 1]);
    expect(scene.owners()).toBe("a b a a b b");
  });
});

describe("links between two others", () => {
  const apart = (scene: CoordinatorScene, x: string, y: string): void => {
    const renewing = ["a", "b", "c"].map((name) => ({
      ...lifeOf(name),
      unreached: name === x ? [lifeOf(y).incarnation] : [],
    }));
    scene.turn({ tag: "leases", alive: renewing, renewing });
  };

  it("a drain moves shards where the state can go", () => {
    const scene = settled();
    apart(scene, "b", "c");
    scene.asks({ tag: "drain", by: "olga", nodeId: "c" });
    expect(scene.plans()[0]?.moves.map((move) => move.to.nodeId)).toEqual(["a", "a"]);
  });

  it("a rebalance leaves out what could not be carried, until the link heals", () => {
    const scene = CoordinatorScene.settled(["a"], { shards: 6 });
    const joins = ["a", "b"].map((name) => ({ ...lifeOf(name), unreached: ["b-1"] }));
    scene.turn({ tag: "leases", alive: joins, renewing: joins });
    scene.joins("b");
    scene.tick();
    expect(scene.plans()).toEqual([]);
    const whole = joins.map((node) => ({ ...node, unreached: [] }));
    scene.turn({ tag: "leases", alive: whole, renewing: whole });
    expect(scene.plans()[0]?.moves).toHaveLength(3);
  });
});
