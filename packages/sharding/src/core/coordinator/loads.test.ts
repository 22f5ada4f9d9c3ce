import { describe, expect, it } from "vitest";
import {
  CoordinatorScene,
  group,
  lifeOf,
  type SceneOptions,
} from "../../testkit/coordinator-scene.ts";
import type { ShardLoad } from "../messages.ts";

const shards = 12;

const settled = (options: SceneOptions = {}): CoordinatorScene =>
  CoordinatorScene.settled(["a", "b", "c"], { shards, strategy: "load", ...options });

/** Every node says what its shards cost it: this much, and one unit for those not named. */
function say(scene: CoordinatorScene, costs: Readonly<Record<number, number>>): void {
  for (const name of ["a", "b", "c"]) {
    if (scene.isMember(lifeOf(name))) sayOf(scene, name, costs);
  }
}

function sayOf(
  scene: CoordinatorScene,
  name: string,
  costs: Readonly<Record<number, number>>,
): void {
  const own = scene
    .owners()
    .split(" ")
    .flatMap((owner, shard) => (owner === name ? [shard] : []));
  const loads = own.map((shard) => loadOf(scene, shard, costs[shard] ?? 1));
  scene.says(name, { tag: "shard-loads", term: scene.cluster.term, shards: loads, others: [] });
}

const loadOf = (scene: CoordinatorScene, shard: number, busyMs: number): ShardLoad => ({
  ...{ group, shard, epoch: scene.row(shard).epoch, requests: 0, busyMs },
});

/** So long, with a report each second; regions obey at once. */
function pass(scene: CoordinatorScene, ms: number, costs: Readonly<Record<number, number>>): void {
  for (const endMs = scene.nowMs + ms; scene.nowMs < endMs; ) {
    say(scene, costs);
    scene.tick(1_000);
    if (scene.state.work.size > 0) scene.settle();
  }
}

/** Shards of one node, in order. */
const of = (scene: CoordinatorScene, name: string): readonly number[] =>
  scene
    .owners()
    .split(" ")
    .flatMap((owner, shard) => (owner === name ? [shard] : []));

/** Two hot shards on node a. */
const hotPair = (scene: CoordinatorScene): Readonly<Record<number, number>> => {
  const [one, two] = of(scene, "a") as [number, number];
  return { [one]: 300, [two]: 310 };
};

const movesOf = (scene: CoordinatorScene) => scene.plans().flatMap(({ moves }) => moves);

describe("a group that is balanced by load", () => {
  it("splits two hot shards apart by a plan of its own, and then rests (L4)", () => {
    const scene = settled();
    const costs = hotPair(scene);
    pass(scene, 30_000, costs);
    expect(scene.plans()).toMatchObject([{ kind: "rebalance", by: "auto", state: "done" }]);
    const [move] = movesOf(scene);
    expect(move?.why).toMatch(
      /^a has 2\.9\d of its share of load \(6\d\d ms\/s of 20\d ms\/s\); shard /,
    );
    const { seq } = scene.cluster;
    pass(scene, 300_000, costs);
    expect(scene.cluster.seq).toBe(seq);
  });

  it("looks when it has heard long enough, and not at once", () => {
    const scene = settled();
    const costs = hotPair(scene);
    pass(scene, 8_000, costs);
    expect(scene.plans()).toEqual([]);
    pass(scene, 4_000, costs);
    expect(scene.plans()).toHaveLength(1);
  });

  it("waits after its moves until what it hears is of the time after them", () => {
    const scene = settled();
    const costs = { ...hotPair(scene) };
    pass(scene, 12_000, costs);
    const movedMs = scene.nowMs;
    const home = scene.ownerOf(movesOf(scene)[0]?.shard ?? 0);
    // Its new home says at once that others of its shards are as hot.
    for (const shard of of(scene, home)) costs[shard] = 305;
    while (scene.plans().length === 1) pass(scene, 1_000, costs);
    expect(scene.nowMs - movedMs).toBeGreaterThan(8_000);
  });

  it("leaves a shard that was moved where it is for a minute", () => {
    const scene = settled();
    const costs = { ...hotPair(scene) };
    pass(scene, 12_000, costs);
    const moved = movesOf(scene)[0]?.shard ?? -1;
    const other = of(scene, scene.ownerOf(moved)).find((shard) => shard !== moved) ?? -1;
    // It would be the better one to go: the other is hotter than a share.
    const hot = { [moved]: 150, [other]: 400 };
    pass(scene, 40_000, hot);
    expect(movesOf(scene).filter(({ shard }) => shard === moved)).toHaveLength(1);
    pass(scene, 40_000, hot);
    expect(movesOf(scene).filter(({ shard }) => shard === moved)).toHaveLength(2);
  });

  it("only proposes where that is the operator's matter, and the plan shows what it brings", () => {
    const scene = settled({ rebalance: "manual" });
    const costs = hotPair(scene);
    pass(scene, 30_000, costs);
    expect(scene.plans()).toEqual([]);
    say(scene, costs);
    const plan = scene.plan(scene.proposes({ kind: "rebalance" }));
    expect(plan.moves).toHaveLength(1);
    expect(plan.spreadBefore).toBeGreaterThan(4);
    expect(plan.spreadAfter).toBeLessThan(plan.spreadBefore / 1.5);
  });

  it("moves nothing when another node takes over, though counts are uneven (L4)", () => {
    const scene = settled();
    const costs = hotPair(scene);
    pass(scene, 30_000, costs);
    const before = scene.owners();
    expect(new Set(["a", "b", "c"].map((name) => of(scene, name).length)).size).toBeGreaterThan(1);
    scene.takeOver("b");
    scene.settle();
    pass(scene, 60_000, costs);
    expect(scene.owners()).toBe(before);
  });

  it("moves nothing in a night without requests, though counts are uneven", () => {
    const scene = settled();
    pass(scene, 30_000, hotPair(scene));
    const before = scene.owners();
    pass(scene, 60_000, {});
    expect(scene.owners()).toBe(before);
  });

  it("gives a node that joins its part at once", () => {
    const scene = settled();
    scene.joins("d");
    pass(scene, 30_000, {});
    expect(of(scene, "d")).toHaveLength(3);
  });

  it("leaves pinned shards where they are", () => {
    const scene = settled();
    const [one, two] = of(scene, "a") as [number, number];
    for (const shard of [one, two]) {
      scene.applies(scene.proposesMove(shard, "b"));
      scene.settle();
    }
    const before = scene.owners();
    pass(scene, 120_000, { [one]: 120, [two]: 90 });
    expect(scene.owners()).toBe(before);
  });

  it("gives a lost node's hot shards to different nodes", () => {
    const scene = settled();
    // By count every other one goes to the same node.
    const [one, , three] = of(scene, "a") as [number, number, number];
    say(scene, { [one]: 300, [three]: 310 });
    scene.loses("a");
    scene.settle();
    expect(scene.ownerOf(one)).not.toBe(scene.ownerOf(three));
  });

  it("counts shards where nobody says anything, as a version does that knows nothing of it", () => {
    const scene = settled();
    scene.joins("d");
    for (let i = 0; i < 30; i += 1) {
      scene.tick(1_000);
      scene.settle();
    }
    expect(of(scene, "d")).toHaveLength(3);
    expect(scene.plans()).toHaveLength(1);
  });
});

describe("what a node says of its load", () => {
  it("counts for a few seconds only", () => {
    const scene = settled({ rebalance: "manual" });
    const costs = hotPair(scene);
    say(scene, costs);
    scene.tick(6_000);
    for (const name of ["b", "c"]) sayOf(scene, name, costs);
    expect(scene.plan(scene.proposes({ kind: "rebalance" })).moves).toEqual([]);
  });

  it("replaces what it said before, whole: said twice it counts once", () => {
    const scene = settled({ rebalance: "manual" });
    const costs = hotPair(scene);
    say(scene, costs);
    const once = scene.state.balance;
    say(scene, costs);
    expect(scene.state.balance).toEqual(once);
    say(scene, {});
    expect(scene.plan(scene.proposes({ kind: "rebalance" })).moves).toEqual([]);
  });

  it("is nothing about a shard at another epoch than its row's", () => {
    const scene = settled({ rebalance: "manual" });
    const [one, two] = of(scene, "a") as [number, number];
    say(scene, {});
    for (const epoch of [0, scene.row(one).epoch + 1]) {
      const loads = [one, two].map((shard) => ({ ...loadOf(scene, shard, 300), epoch }));
      const said = { tag: "shard-loads", term: 1, shards: loads, others: [] } as const;
      expect(scene.says("a", said)).toMatchObject({ events: [], unauthorized: [] });
      expect(scene.plan(scene.proposes({ kind: "rebalance" })).moves).toEqual([]);
    }
  });

  it("is nothing about another node's shard, and counted", () => {
    const scene = settled({ rebalance: "manual" });
    say(scene, {});
    const [one, two] = of(scene, "a") as [number, number];
    const loads = [loadOf(scene, one, 300), loadOf(scene, two, 310)];
    const said = { tag: "shard-loads", term: 1, shards: loads, others: [] } as const;
    expect(scene.says("b", said).unauthorized).toEqual([{ from: lifeOf("b"), tag: "shard-loads" }]);
    expect(scene.plan(scene.proposes({ kind: "rebalance" })).moves).toEqual([]);
  });

  it("spreads what it says of the others evenly over them", () => {
    const scene = settled({ rebalance: "manual" });
    say(scene, {});
    const others = [{ group, count: 4, requests: 0, busyMs: 400 }];
    scene.says("a", { tag: "shard-loads", term: 1, shards: [], others });
    const { moves } = scene.plan(scene.proposes({ kind: "rebalance" }));
    expect(moves[0]?.why).toContain("(100 ms/s)");
  });

  it("writes nothing", () => {
    const scene = settled();
    const { seq } = scene.cluster;
    say(scene, {});
    expect(scene.cluster.seq).toBe(seq);
    expect(scene.turned.messages).toEqual([]);
  });
});

it("a strategy that only a later version knows is led like the default one", () => {
  const scene = CoordinatorScene.settled(["a", "b"], { strategy: "of-tomorrow" as "load" });
  scene.joins("c");
  scene.settle();
  expect(of(scene, "c")).toHaveLength(1);
});
