import { describe, expect, it } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import { shardOf } from "../core/hash.ts";
import type { NodeRef } from "../core/ids.ts";
import type { StrategyName } from "../core/log.ts";
import type { ToCoordinator } from "../core/messages.ts";
import { MemoryCluster } from "../testkit/memory-cluster.ts";
import { command, defineEntity } from "./entities/definition.ts";
import { LoadReports } from "./load-reports.ts";

const shards = 8;

/** Two nodes, and requests to two entities whose shards are on the same one. */
class Scene {
  readonly cluster: MemoryCluster;
  #hot: readonly string[] = [];

  /** @param workMs how long each handler keeps the thread */
  constructor(strategy: StrategyName, workMs: number) {
    const Clerk = defineEntity("clerk", {
      state: () => ({}),
      commands: { work: command(() => this.cluster.clock.advance(workMs)) },
    });
    this.cluster = new MemoryCluster({ shards, strategy, entities: [Clerk] });
  }

  async begin(): Promise<void> {
    for (const nodeId of ["node-1", "node-2"]) this.cluster.add(nodeId);
    await this.cluster.until("every shard is hosted", () => this.cluster.isAllHosted());
    const ids = Array.from({ length: 100 }, (_, i) => `e${i}`);
    const here = ids.filter((id) => this.homeOf(this.shardOf(id)) === this.homeOf(0));
    const first = here[0] as string;
    const second = here.find((id) => this.shardOf(id) !== this.shardOf(first)) as string;
    this.#hot = [first, second];
  }

  shardOf(id: string): number {
    return shardOf("default", "clerk", id, shards);
  }

  homeOf(shard: number): string {
    const row = this.cluster.rows()[shard];
    return row === undefined || row.state === "unallocated" ? "" : row.owner.nodeId;
  }

  get hotHomes(): readonly string[] {
    return this.#hot.map((id) => this.homeOf(this.shardOf(id)));
  }

  /** So many requests to each of the two, again and again. @throws when one of them fails. */
  async load(
    each: number,
    everyMs: number,
    ms: number,
    isOver: () => boolean = () => false,
  ): Promise<void> {
    const node = this.cluster.nodes.get("node-1")?.node;
    const asked = this.#hot.flatMap((id) =>
      new Array(each).fill({ type: "clerk", id, command: "work", input: null }),
    );
    let failed: unknown = null;
    const endMs = this.cluster.clock.monotonicMs() + ms;
    while (this.cluster.clock.monotonicMs() < endMs && failed === null && !isOver()) {
      for (const request of asked) {
        node?.ask(request).catch((error: unknown) => {
          failed = error;
        });
      }
      await this.cluster.run(everyMs);
    }
    if (failed !== null) throw failed;
  }
}

const areApart = (scene: Scene): boolean =>
  new Set(scene.hotHomes).size === 2 && scene.cluster.isAllHosted();

describe("a cluster that is balanced by load", () => {
  it.each([
    // What makes them hot, and of how many milliseconds a second the plan speaks.
    { hot: "many requests", each: 3, everyMs: 1, workMs: 0, least: 45, most: 65 },
    { hot: "handlers that take long", each: 1, everyMs: 8, workMs: 1, least: 150, most: 210 },
  ])("takes two hot shards apart: $hot", async ({ each, everyMs, workMs, least, most }) => {
    const scene = new Scene("load", workMs);
    await scene.begin();
    expect(areApart(scene)).toBe(false);
    await scene.load(each, everyMs, 20_000, () => areApart(scene));
    expect(areApart(scene)).toBe(true);
    const plans = [...scene.cluster.state.plans.values()];
    expect(plans).toMatchObject([{ kind: "rebalance", by: "auto", moves: [{}] }]);
    const why = plans[0]?.moves[0]?.why ?? "";
    expect(why).toMatch(/has 2\.00 of its share of load .* shard \d is \d\.\d\d of it/);
    const [, ms] = /\((\d+) ms\/s of/.exec(why) ?? [];
    expect(Number(ms)).toBeGreaterThan(least);
    expect(Number(ms)).toBeLessThan(most);
    await scene.cluster.stop();
  });

  it("moves nothing for the same load by count", async () => {
    const scene = new Scene("least-loaded", 0);
    await scene.begin();
    await scene.load(3, 1, 15_000);
    expect(scene.cluster.state.plans.size).toBe(0);
    await scene.cluster.stop();
  });
});

describe("what a node says of its load", () => {
  const coordinator = { nodeId: "b", incarnation: "b-1" };
  const shard = { group: "default", shard: 3, epoch: 7, serving: true, phase: "serving" } as const;

  function sceneOf(strategy: StrategyName, to: NodeRef | null = coordinator) {
    const clock = new ManualClock();
    const said: ToCoordinator[] = [];
    const reports = new LoadReports({
      ...{ clock, groups: [{ group: "default", shards: 64, strategy }] },
      coordinator: () => to,
      term: () => 5,
      send: (_to, message) => said.push(message),
    });
    reports.start();
    return { clock, said, reports };
  }

  it("is what it serves, once a second, until it stops", () => {
    const { clock, said, reports } = sceneOf("load");
    reports.shardsChanged([shard], []);
    for (let ms = 0; ms < 2_000; ms += 10) {
      clock.advance(10);
      reports.meter?.record("default", 3, clock.monotonicMs(), 2);
    }
    expect(said).toHaveLength(2);
    expect(said[1]).toMatchObject({
      tag: "shard-loads",
      term: 5,
      shards: [{ shard: 3, epoch: 7 }],
    });
    reports.stop();
    clock.advance(5_000);
    expect(said).toHaveLength(2);
  });

  it.each([
    ["has gone", [], [shard]],
    ["was handed over", [{ ...shard, serving: false, phase: "frozen" as const }], []],
  ])("is nothing of a shard that %s", (_what, changed, gone) => {
    const { clock, said, reports } = sceneOf("load");
    reports.shardsChanged([shard], []);
    reports.shardsChanged(changed, gone);
    clock.advance(1_000);
    expect(said).toEqual([{ tag: "shard-loads", term: 5, shards: [], others: [] }]);
  });

  it("is nothing where no group is balanced by load, and where nobody leads", () => {
    const byCount = sceneOf("least-loaded");
    const unled = sceneOf("load", null);
    for (const { clock, said } of [byCount, unled]) {
      clock.advance(10_000);
      expect(said).toEqual([]);
    }
    expect(byCount.reports.isTimed).toBe(false);
  });

  const served = (...numbers: readonly number[]) =>
    numbers.map((number) => ({ ...shard, shard: number }));

  /** So many requests a second to each shard, for two seconds. */
  function ask({ clock, reports }: ReturnType<typeof sceneOf>, rates: Record<number, number>) {
    for (let ms = 0; ms < 2_000; ms += 10) {
      clock.advance(10);
      for (const [number, perSecond] of Object.entries(rates)) {
        for (let i = 0; i < perSecond / 100; i += 1) {
          reports.meter.record("default", Number(number), clock.monotonicMs(), 3);
        }
      }
    }
  }

  it("is measured for an observer too, from the first question on, the hottest first", () => {
    const scene = sceneOf("least-loaded");
    const now = served(1, 2, 3);
    ask(scene, { 1: 100 });
    expect(
      scene.reports.hottest(() => now),
      "nothing was measured before",
    ).toEqual([]);
    ask(scene, { 1: 100, 2: 300 });
    const hottest = scene.reports.hottest(() => now);
    expect(hottest.map((one) => one.shard)).toEqual([2, 1]);
    expect(hottest[0]).toEqual({
      group: "default",
      shard: 2,
      requestsPerSecond: expect.closeTo(300, -1),
      busyMs: null,
    });
    expect(scene.said, "the coordinator hears nothing of it").toEqual([]);
  });

  it("names sixteen shards to an observer, however many there are", () => {
    const scene = sceneOf("least-loaded");
    const numbers = Array.from({ length: 40 }, (_, index) => index);
    scene.reports.hottest(() => served(...numbers));
    ask(scene, Object.fromEntries(numbers.map((number) => [number, 100 * (number + 1)])));
    const hottest = scene.reports.hottest(() => []);
    expect(hottest.map((one) => one.shard)).toEqual(numbers.slice(-16).reverse());
  });

  it("is not measured any more when nobody has asked for ten seconds", () => {
    const scene = sceneOf("least-loaded");
    scene.reports.hottest(() => served(1));
    ask(scene, { 1: 100 });
    scene.clock.advance(7_000);
    expect(scene.reports.hottest(() => [])).toHaveLength(1);
    scene.clock.advance(10_000);
    ask(scene, { 1: 100 });
    expect(
      scene.reports.hottest(() => served(1)),
      "it begins anew",
    ).toEqual([]);
  });

  it("tells an observer what handlers cost where the group is balanced by it", () => {
    const scene = sceneOf("load");
    scene.reports.shardsChanged(served(4), []);
    ask(scene, { 4: 100 });
    const [hottest] = scene.reports.hottest(() => []);
    expect(hottest).toMatchObject({ shard: 4, busyMs: expect.closeTo(300, -1.5) });
  });
});
