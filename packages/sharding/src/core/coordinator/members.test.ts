import { describe, expect, it } from "vitest";
import { CoordinatorScene, group, infoOf, lifeOf } from "../../testkit/coordinator-scene.ts";
import type { GroupDeclaration } from "../log.ts";
import type { FromCoordinator } from "../messages.ts";

const sentTo = (scene: CoordinatorScene, name: string): FromCoordinator[] =>
  scene.turned.messages
    .filter(({ to }) => to.incarnation === lifeOf(name).incarnation)
    .map(({ message }) => message);

const workers: GroupDeclaration = { group: "workers", shards: 2, strategy: "rendezvous" };
const declared: GroupDeclaration = { group, shards: 4, strategy: "least-loaded" };

describe("a node that registers", () => {
  it("joins, and is told how far the log has come", () => {
    const scene = CoordinatorScene.settled(["a"]);
    scene.joins("b");
    expect(scene.cluster.nodes.get("b")).toEqual({ ...infoOf("b"), state: "up", cordoned: false });
    const { seq, term } = scene.cluster;
    const [answer] = sentTo(scene, "b");
    expect(answer).toMatchObject({ tag: "region-registered", term, incarnation: "b-1" });
    expect(answer).toHaveProperty("seq", expect.any(Number));
    expect((answer as { seq: number }).seq).toBeLessThanOrEqual(seq);
  });

  it("again is told the same, and changes nothing", () => {
    const scene = CoordinatorScene.settled(["a", "b"], { rebalance: "manual" });
    const before = scene.cluster;
    const turned = scene.joins("b");
    expect(turned.events).toEqual([]);
    expect(scene.cluster).toBe(before);
    expect(sentTo(scene, "b")).toMatchObject([{ tag: "region-registered" }]);
  });

  it("is the one that the transport names, whatever it says about itself", () => {
    const scene = CoordinatorScene.settled(["a"]);
    scene.joins("b", infoOf("a"));
    expect(scene.cluster.nodes.get("b")).toMatchObject(lifeOf("b"));
    expect(scene.cluster.nodes.get("a")).toMatchObject(lifeOf("a"));
  });

  it("brings its groups with it", () => {
    const scene = CoordinatorScene.settled(["a"]);
    scene.joins("b", infoOf("b"), [declared, workers]);
    expect(scene.cluster.groups.get("workers")).toEqual({ shards: 2, strategy: "rendezvous" });
    expect(scene.cluster.shards.get("workers")?.map((row) => row.state)).toEqual([
      "starting",
      "starting",
    ]);
  });

  it.each([
    [
      { protocol: 2, hash: 1 },
      "The protocol between nodes has version 1 in this cluster, but version 2 on this node.",
    ],
    [
      { protocol: 1, hash: 2 },
      "The hash that places entities has version 1 in this cluster, but version 2 on this node.",
    ],
  ])("with other versions is refused, with both values: %o", (versions, why) => {
    const scene = CoordinatorScene.settled(["a"]);
    const before = scene.cluster;
    const node = infoOf("b");
    scene.says("b", { tag: "register-region", node, groups: [declared, workers], versions });
    expect(scene.cluster).toBe(before);
    const [answer] = sentTo(scene, "b");
    expect(answer).toMatchObject({ tag: "region-refused", code: "VERSION_MISMATCH" });
    expect(answer).toHaveProperty("why", expect.stringContaining(why));
  });

  it("with another shard count is refused, with the count to use", () => {
    const scene = CoordinatorScene.settled(["a"]);
    const turned = scene.joins("b", infoOf("b"), [{ ...declared, shards: 5 }]);
    expect(turned.events).toEqual([]);
    const [answer] = sentTo(scene, "b");
    expect(answer).toMatchObject({ tag: "region-refused", code: "GROUP_MISMATCH" });
    expect(answer).toHaveProperty(
      "why",
      'Group "default" has 4 shards in this cluster, but this node declares 5. The count is fixed when a group is created: start the node with 4.',
    );
  });

  it("with another strategy is refused", () => {
    const scene = CoordinatorScene.settled(["a"]);
    scene.joins("b", infoOf("b"), [{ ...declared, strategy: "rendezvous" }]);
    expect(sentTo(scene, "b")).toMatchObject([{ tag: "region-refused", code: "GROUP_MISMATCH" }]);
    expect(scene.cluster.nodes.has("b")).toBe(false);
  });

  it("is refused after its death was declared: it has to come back as a new life", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    scene.loses("b");
    const turned = scene.joins("b");
    expect(turned.events).toEqual([]);
    expect(sentTo(scene, "b")).toMatchObject([{ tag: "region-refused", code: "INCARNATION_DEAD" }]);
    scene.joins("b-2");
    expect(scene.cluster.nodes.get("b")).toMatchObject({ incarnation: "b-2", state: "up" });
  });

  it("as a new life ends the former one, in the same commit", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    const turned = scene.joins("b-2");
    // Its lease row names the new life: there is no counter of the former one to compare.
    expect(turned.deaths).toEqual([{ ...lifeOf("b"), proof: "superseded", renewals: -1 }]);
    expect(scene.owners()).toBe("a a a a");
  });
});

describe("a lease that has ended", () => {
  it("is declared with the counter that was seen, and its shards move in the same commit", () => {
    const scene = CoordinatorScene.settled(["a", "b", "c"]);
    const turned = scene.loses("b", 42);
    expect(turned.deaths).toEqual([{ ...lifeOf("b"), proof: "watched", renewals: 42 }]);
    const moved = turned.events.filter((event) => event.type === "shard-assigned");
    expect(moved.map((event) => event.cause)).toEqual(["death"]);
    expect(scene.owners()).not.toContain("b");
  });

  it("because it is superseded is refuted by a row that still names it, whatever its counter", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    // What was seen of the lease row may be older than the life: its counter would be another life's.
    const turned = scene.turn({
      ...{ tag: "lease-ended", node: lifeOf("b"), proof: "superseded", renewals: 3 },
    });
    expect(turned.deaths).toEqual([{ ...lifeOf("b"), proof: "superseded", renewals: -1 }]);
  });

  it("moves nobody else's shards", () => {
    const scene = CoordinatorScene.settled(["a", "b", "c"], { shards: 12, rebalance: "manual" });
    const before = scene.owners().split(" ");
    scene.loses("b");
    scene.hostAll();
    scene
      .owners()
      .split(" ")
      .forEach((owner, shard) => {
        if (before[shard] !== "b") expect(owner).toBe(before[shard]);
      });
  });

  it("is declared once", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    scene.loses("b");
    expect(scene.loses("b")).toMatchObject({ events: [], deaths: [] });
  });

  it("of a life that never joined, or of an earlier one, is none", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    for (const name of ["x", "b-0"]) {
      expect(scene.loses(name), name).toMatchObject({ events: [], deaths: [] });
    }
  });

  it("leaves its shards without a home where nobody can take them, until somebody can", () => {
    const scene = CoordinatorScene.settled(["a", "b"]);
    scene.asks({ tag: "cordon", by: "olga", nodeId: "a" });
    scene.loses("b");
    expect(scene.owners()).toBe("a - a -");
    scene.tick(10_000);
    expect(scene.owners()).toBe("a - a -");
    scene.joins("c");
    expect(scene.owners()).toBe("a c a c");
  });
});

describe("a node that is no member", () => {
  const grant = { group, shard: 1, epoch: 1 };
  const ref = { ...grant, handoffId: "h-1-1" };
  const messages = [
    { tag: "claim", term: 1, claims: [{ ...grant, epoch: 9 }] },
    { tag: "shards-hosted", term: 1, shards: [grant] },
    { tag: "shards-stopped", term: 1, shards: [grant] },
    { tag: "handoffs-acked", term: 1, handoffs: [ref] },
    { tag: "shards-released", term: 1, shards: [{ ...ref, digest: "", size: 0 }] },
    { tag: "handoffs-failed", term: 1, handoffs: [{ ...ref, why: "" }] },
    { tag: "host-refused", term: 1, shards: [{ ...grant, why: "" }] },
  ] as const;

  it("says nothing about the present: dead, former, or never joined", () => {
    const scene = CoordinatorScene.settled(["a", "b", "c"]);
    scene.loses("c");
    for (const name of ["c", "b-0", "x"]) {
      for (const message of messages) {
        const turned = scene.says(name, message);
        expect(turned, `${name} ${message.tag}`).toMatchObject({ events: [], messages: [] });
        expect(turned.unauthorized).toEqual([{ from: lifeOf(name), tag: message.tag }]);
      }
    }
  });
});
