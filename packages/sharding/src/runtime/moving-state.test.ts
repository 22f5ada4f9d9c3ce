import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { ShardBelief } from "../core/belief.ts";
import type { PlanRow } from "../core/cluster.ts";
import { MemoryCluster } from "../testkit/memory-cluster.ts";
import { command, defineEntity } from "./entities/definition.ts";

const MiB = 1024 * 1024;

const Box = defineEntity("box", {
  state: () => ({ text: "" }),
  commands: {
    fill: command(z.number(), ({ state }, size) => {
      state.text = "x".repeat(size);
    }),
    size: command(({ state }) => state.text.length),
  },
});

/** One shard on one of two nodes, and a plan that moves it to the other. */
class Scene {
  readonly cluster = new MemoryCluster({ entities: [Box], shards: 1 });

  async begin(): Promise<void> {
    for (const nodeId of ["node-1", "node-2"]) this.cluster.add(nodeId);
    await this.cluster.until("both are there", () => {
      return this.cluster.state.nodes.size === 2 && this.cluster.isAllHosted();
    });
  }

  get owner(): string {
    const [row] = this.cluster.rows();
    return row === undefined || row.state === "unallocated" ? "" : row.owner.nodeId;
  }

  get plan(): PlanRow | undefined {
    return [...this.cluster.state.plans.values()].at(-1);
  }

  ask(id: string, name: string, input: unknown = null): Promise<unknown> {
    const { node } = this.#nodeOf("node-1");
    const asked = node.ask({ type: "box", id, command: name, input });
    return this.cluster.result(asked.then(({ result }) => result));
  }

  async move(): Promise<void> {
    const { node } = this.#nodeOf("node-1");
    const to = this.owner === "node-1" ? "node-2" : "node-1";
    const request = { kind: "move", moves: [{ group: "default", shard: 0, to }] } as const;
    const asked = node.admin({ tag: "plan", by: "olga", request });
    const { planId } = await this.cluster.result(asked);
    if (planId === null) throw new Error("no plan");
    const verb = { tag: "plan-control", by: "olga", planId, verb: "apply" } as const;
    await this.cluster.result(node.admin(verb));
  }

  beliefOf(nodeId: string): ShardBelief | undefined {
    return this.#nodeOf(nodeId).node.shardBeliefs()[0];
  }

  #nodeOf(nodeId: string) {
    const found = this.cluster.nodes.get(nodeId);
    if (found === undefined) throw new Error(`no ${nodeId}`);
    return found;
  }
}

describe("a shard that moves", () => {
  it("with an entity that is too large fails its move, says which one, and serves on where it is", async () => {
    const scene = new Scene();
    await scene.begin();
    const { owner } = scene;
    await scene.ask("small", "fill", 10);
    await scene.ask("large", "fill", 5 * MiB);
    await scene.move();
    await scene.cluster.until("its plan has ended", () => scene.plan?.state !== "applying");
    expect(scene.plan?.progress).toMatchObject([
      {
        state: "failed",
        why: "default/box/large: its state is above 4 MiB: an entity of this size cannot move.",
      },
    ]);
    await scene.cluster.until("it is hosted again", () => scene.cluster.isAllHosted());
    expect(scene.owner).toBe(owner);
    expect(await scene.ask("large", "size")).toBe(5 * MiB);
    expect(await scene.ask("small", "size")).toBe(10);

    // What stood in the way is gone: the next move is like any other.
    await scene.ask("large", "fill", 1);
    await scene.move();
    await scene.cluster.until("it is hosted elsewhere", () => {
      return scene.owner !== owner && scene.cluster.isAllHosted();
    });
    expect(await scene.ask("small", "size")).toBe(10);
  });

  it("serves on while most of its state goes ahead, and what changes meanwhile moves too", async () => {
    const scene = new Scene();
    await scene.begin();
    const { owner } = scene;
    for (let id = 0; id < 8; id += 1) await scene.ask(`${id}`, "fill", MiB);
    let asked: Promise<unknown>[] = [];
    let servedBy = "";
    await scene.move();
    await scene.cluster.until("it is hosted elsewhere", () => {
      const belief = scene.beliefOf(owner);
      const isHalfWay = (belief?.carried?.moved ?? 0) > 3 * MiB;
      if (belief?.phase === "copying" && belief.serving && isHalfWay && asked.length === 0) {
        asked = ["0", "7", "new"].map((id) => {
          return scene.ask(id, "fill", 1_000).then(() => {
            servedBy ||= scene.beliefOf(owner)?.phase ?? "another node";
          });
        });
      }
      return scene.owner !== owner && scene.cluster.isAllHosted();
    });
    await scene.cluster.result(Promise.all(asked));
    expect(asked).toHaveLength(3);
    expect(servedBy).toBe("copying");
    const sizes = await Promise.all(["0", "1", "6", "7", "new"].map((id) => scene.ask(id, "size")));
    expect(sizes).toEqual([1_000, MiB, MiB, 1_000, 1_000]);
  });

  it("whose target is cut off while it is copied serves on as if nothing was", async () => {
    const scene = new Scene();
    await scene.begin();
    const { owner } = scene;
    const target = owner === "node-1" ? "node-2" : "node-1";
    for (let id = 0; id < 8; id += 1) await scene.ask(`${id}`, "fill", MiB);
    let isCut = false;
    let heal = (): void => undefined;
    await scene.move();
    await scene.cluster.until("its plan has ended", () => {
      const belief = scene.beliefOf(owner);
      if (!isCut && belief?.phase === "copying" && (belief.carried?.moved ?? 0) > 0) {
        isCut = true;
        heal = scene.cluster.links.cut(owner, target);
      }
      const phases = ["copying", "serving"];
      if (isCut) expect(phases).toContain(belief?.phase);
      return scene.plan?.state !== "applying";
    });
    expect(isCut).toBe(true);
    heal();
    await scene.cluster.until("it is hosted again", () => scene.cluster.isAllHosted());
    expect(scene.owner).toBe(owner);
    expect(await scene.ask("7", "size")).toBe(MiB);
  });

  it("says how much of its state has arrived", async () => {
    const scene = new Scene();
    await scene.begin();
    const { owner } = scene;
    for (let id = 0; id < 4; id += 1) await scene.ask(`${id}`, "fill", MiB);
    const seen: (ShardBelief["carried"] | null)[] = [];
    await scene.move();
    await scene.cluster.until("it is hosted elsewhere", () => {
      const belief = scene.beliefOf(owner);
      if (belief?.phase === "copying" && belief.carried?.size !== 0) seen.push(belief.carried);
      return scene.owner !== owner && scene.cluster.isAllHosted();
    });
    const moved = seen.map((carried) => carried?.moved ?? -1);
    expect(moved.length).toBeGreaterThan(3);
    expect(moved).toEqual(moved.toSorted((a, b) => a - b));
    expect(moved[0]).toBe(0);
    expect(moved.at(-1)).toBeGreaterThan(2 * MiB);
    expect(seen.every((carried) => (carried?.size ?? 0) > 4 * MiB)).toBe(true);
  });
});
