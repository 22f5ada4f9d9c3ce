import { describe, expect, test } from "vitest";
import { CoordinatorScene, infoOf, nameOf } from "../../testkit/coordinator-scene.ts";
import { ownerOf } from "../cluster.ts";
import type { GroupDeclaration } from "../log.ts";

const entities = { group: "default", shards: 2, strategy: "least-loaded" } as const;
const daemon = (name: string, workers: number): GroupDeclaration => ({
  ...{ group: `daemon:${name}`, shards: workers, workers, strategy: "least-loaded" },
});

function sceneOf(nodes: Record<string, readonly GroupDeclaration[]>): CoordinatorScene {
  const scene = new CoordinatorScene({ shards: 2 });
  for (const [name, daemons] of Object.entries(nodes)) joins(scene, name, daemons);
  scene.tick(2_000);
  hostAll(scene);
  return scene;
}

function joins(scene: CoordinatorScene, name: string, daemons: readonly GroupDeclaration[]): void {
  const groups = [entities, ...daemons];
  scene.joins(name, { ...infoOf(name), groups: groups.map(({ group }) => group) }, groups);
}

/** Every home says that it serves what it was given. */
function hostAll(scene: CoordinatorScene): void {
  for (const [group, rows] of scene.cluster.shards) {
    rows.forEach((row, shard) => {
      if (row.state !== "starting") return;
      const shards = [{ group, shard, epoch: row.epoch }];
      scene.says(nameOf(row.owner), { tag: "shards-hosted", term: scene.cluster.term, shards });
    });
  }
}

const homes = (scene: CoordinatorScene, group: string): string =>
  (scene.cluster.shards.get(group) ?? [])
    .map((row) => {
      const owner = ownerOf(row);
      return owner === null ? "-" : nameOf(owner);
    })
    .join(" ");

const givesUp = (scene: CoordinatorScene, name: string, group: string, epoch = 1, shard = 0) =>
  scene.says(name, {
    tag: "shards-stopped",
    term: scene.cluster.term,
    shards: [{ group, shard, epoch, why: "it is stuck" }],
  });

const scales = (scene: CoordinatorScene, name: string, workers: number) =>
  scene.asks({ tag: "scale", by: "olga", daemon: name, workers });

describe("a shard that its home gives up", () => {
  const two = () => sceneOf({ a: [daemon("d", 2)], b: [daemon("d", 2)] });

  test("goes elsewhere, under a new epoch, and the log says why", () => {
    const scene = two();
    expect(homes(scene, "daemon:d")).toBe("a b");
    givesUp(scene, "a", "daemon:d");
    expect(scene.turned.events).toMatchObject([
      { type: "shard-vacated", shard: 0, epoch: 1, why: "it is stuck" },
      { type: "shard-assigned", shard: 0, epoch: 2, nodeId: "b", cause: "given-up" },
    ]);
  });

  test("comes back to its home where there is no other", () => {
    const scene = sceneOf({ a: [daemon("d", 1)], b: [] });
    givesUp(scene, "a", "daemon:d");
    expect(homes(scene, "daemon:d")).toBe("a");
    expect(scene.cluster.shards.get("daemon:d")?.[0]?.epoch).toBe(2);
  });

  test("is not taken from anybody else, and not twice", () => {
    const scene = two();
    givesUp(scene, "b", "daemon:d");
    expect(scene.turned.events).toEqual([]);
    expect(scene.turned.unauthorized).toHaveLength(1);
    givesUp(scene, "a", "daemon:d");
    givesUp(scene, "a", "daemon:d");
    expect(scene.turned.events).toEqual([]);
  });

  test("goes on its way where a handoff was under way", () => {
    const scene = two();
    const planId = scene.proposes({
      kind: "move",
      moves: [{ group: "daemon:d", shard: 0, to: "b" }],
    });
    scene.applies(planId);
    givesUp(scene, "a", "daemon:d");
    expect(homes(scene, "daemon:d")).toBe("b b");
    hostAll(scene);
    expect(scene.plan(planId).state).toBe("done");
  });
});

describe("a group that only some nodes can serve", () => {
  test("lives on those alone: at the start, after a death, when it is drained or balanced", () => {
    const with4 = [daemon("d", 4)];
    const scene = sceneOf({ a: [], b: with4, c: with4 });
    expect(homes(scene, "daemon:d")).toBe("c b c b");
    scene.loses("c");
    expect(homes(scene, "daemon:d")).toBe("b b b b");
    hostAll(scene);
    scene.settle();
    expect(homes(scene, "daemon:d")).toBe("b b b b");
    scene.asks({ tag: "drain", by: "olga", nodeId: "b" });
    expect(
      scene
        .plans()
        .at(-1)
        ?.moves.filter(({ group }) => group === "daemon:d"),
    ).toEqual([]);
  });

  test("waits for one where there is none, and an operator cannot force it", () => {
    const scene = sceneOf({ a: [], b: [daemon("d", 1)] });
    const forced = scene.asks({
      ...{ tag: "plan", by: "olga" },
      request: { kind: "move", moves: [{ group: "daemon:d", shard: 0, to: "a" }] },
    });
    expect(forced).toMatchObject({ ok: false, code: "MOVE_INVALID" });
    scene.loses("b");
    expect(homes(scene, "daemon:d")).toBe("-");
    joins(scene, "c", [daemon("d", 1)]);
    expect(homes(scene, "daemon:d")).toBe("c");
  });

  test("a node that does not say what it serves is taken for one that serves all", () => {
    const scene = sceneOf({ a: [] });
    scene.joins("b", infoOf("b"), [entities, daemon("d", 1)]);
    expect(homes(scene, "daemon:d")).toBe("b");
  });
});

describe("scaling", () => {
  test("up adds shards, down leaves them; epochs go on rising", () => {
    const scene = sceneOf({ a: [daemon("d", 2)], b: [daemon("d", 2)] });
    expect(scales(scene, "d", 4)).toMatchObject({ ok: true });
    hostAll(scene);
    expect(homes(scene, "daemon:d")).toBe("a b a b");
    scales(scene, "d", 1);
    expect(scene.cluster.groups.get("daemon:d")).toMatchObject({ shards: 4, workers: 1 });
    expect(homes(scene, "daemon:d")).toBe("a b a b");
    scales(scene, "d", 0);
    scales(scene, "d", 5);
    expect(scene.cluster.groups.get("daemon:d")).toMatchObject({ shards: 5, workers: 5 });
    // Those that ran before run under another fence.
    expect(scene.cluster.shards.get("daemon:d")?.map(({ epoch }) => epoch)).toEqual([
      2, 2, 2, 2, 1,
    ]);
    expect(homes(scene, "daemon:d")).toBe("a b a b a");
  });

  test("shards that do nothing do not count when it is balanced", () => {
    const scene = sceneOf({ a: [daemon("d", 4)] });
    scales(scene, "d", 1);
    joins(scene, "b", [daemon("d", 4)]);
    scene.tick(10);
    const moves = scene.plans().flatMap((plan) => plan.moves);
    expect(moves.filter(({ group }) => group === "daemon:d")).toEqual([]);
  });

  test("a daemon that nobody has run is refused, as is an entity group and a number that is too high", () => {
    const scene = sceneOf({ a: [daemon("d", 2)] });
    expect(scales(scene, "e", 2)).toMatchObject({ ok: false, code: "DAEMON_UNKNOWN" });
    expect(scales(scene, "default", 2)).toMatchObject({ ok: false, code: "DAEMON_UNKNOWN" });
    expect(scales(scene, "d", 65_537)).toMatchObject({ ok: false, code: "SCALE_INVALID" });
    expect(scales(scene, "d", 2)).toMatchObject({ ok: true });
    expect(scene.turned.events).toEqual([]);
  });

  test("a program that says another number joins, and changes nothing", () => {
    const scene = sceneOf({ a: [daemon("d", 2)] });
    joins(scene, "b", [daemon("d", 7)]);
    expect(scene.cluster.nodes.get("b")?.state).toBe("up");
    expect(scene.cluster.groups.get("daemon:d")).toMatchObject({ shards: 2, workers: 2 });
  });
});

test("many daemons with one worker each are spread over the nodes", () => {
  const singles = Array.from({ length: 30 }, (_, i) => daemon(`d${i}`, 1));
  const scene = sceneOf({ a: singles, b: singles, c: singles });
  const owners = singles.map(({ group }) => homes(scene, group));
  const counts = [...Map.groupBy(owners, (owner) => owner).values()].map((list) => list.length);
  expect(counts).toEqual([10, 10, 10]);
  scene.loses("c");
  const after = singles.map(({ group }) => homes(scene, group));
  expect(after.filter((owner) => owner === "a")).toHaveLength(15);
});
