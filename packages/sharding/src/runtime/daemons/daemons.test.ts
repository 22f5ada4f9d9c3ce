import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ownerOf } from "../../core/cluster.ts";
import { WorkerOverError } from "../../errors.ts";

import { MemoryCluster, type MemoryClusterOptions } from "../../testkit/memory-cluster.ts";
import { type DaemonContext, type DaemonSpec, defineDaemon } from "./definition.ts";

const ttlMs = 1_000;

/** One run of a worker, as its own program sees it. */
interface Run {
  readonly index: number;
  readonly at: string;
  readonly fence: number;
  readonly context: DaemonContext;
  readonly beganMs: number;
  turns: number;
  endedMs: number | null;
}

describe("daemons of a cluster in memory", () => {
  let cluster: MemoryCluster;
  let runs: Run[];
  /** What a worker does in each turn. */
  let onTurn: (run: Run) => void | Promise<void>;

  const options = (spec: Partial<DaemonSpec> = {}): MemoryClusterOptions => ({
    ...{ entities: [], shards: 2, leaseTtlMs: ttlMs },
    daemons: [defineDaemon("work", { workers: 6, run, ...spec })],
  });

  const run = async (context: DaemonContext): Promise<void> => {
    const { index, fence, node } = context;
    const beganMs = cluster.clock.monotonicMs();
    const own = { index, fence, context, beganMs, at: node.nodeId, turns: 0, endedMs: null } as Run;
    runs.push(own);
    try {
      for await (const _ of context.ticks(50)) {
        own.turns += 1;
        await onTurn(own);
      }
    } finally {
      own.endedMs = cluster.clock.monotonicMs();
    }
  };

  const passes = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      cluster.clock.after(ms, resolve);
    });

  const start = async (more: Partial<DaemonSpec> = {}, nodes = 3): Promise<void> => {
    cluster = new MemoryCluster(options(more));
    for (let i = 1; i <= nodes; i += 1) cluster.add(`node-${i}`);
    await cluster.until("every shard is hosted", () => cluster.isAllHosted());
  };

  const nodeOf = (nodeId: string) => {
    const found = cluster.nodes.get(nodeId);
    if (found === undefined) throw new Error(`There is no ${nodeId}.`);
    return found;
  };

  /** Runs that go on, of nodes that are there. */
  const live = (): Run[] =>
    runs.filter(({ endedMs, at, context }) => {
      return endedMs === null && cluster.nodes.has(at) && !context.signal.aborted;
    });
  const indices = (): string =>
    live()
      .map(({ index }) => index)
      .sort((a, b) => a - b)
      .join(" ");
  const untilRunning = (count: number, timeoutMs?: number): Promise<number> => {
    const wanted = Array.from({ length: count }, (_, index) => index).join(" ");
    return cluster.until(`workers ${wanted} run`, () => indices() === wanted, timeoutMs);
  };
  const ofIndex = (index: number): Run[] => runs.filter((it) => it.index === index);
  const lastOf = (index: number): Run => ofIndex(index).at(-1) as Run;
  const scale = (workers: number, via = "node-1") =>
    cluster.result(nodeOf(via).node.scaleDaemon("work", workers));

  /** A fence names one run, and the later run has the higher one. */
  const fencesRise = (): boolean =>
    [...Map.groupBy(runs, ({ context, index }) => `${context.daemon} ${index}`).values()].every(
      (list) => list.every(({ fence }, i) => i === 0 || fence > (list[i - 1] as Run).fence),
    );

  beforeEach(() => {
    runs = [];
    onTurn = () => undefined;
  });

  afterEach(async () => {
    expect(fencesRise(), "fences rise").toBe(true);
    await cluster.stop();
  });

  test("each worker runs once, spread over the nodes", async () => {
    await start();
    await untilRunning(6);
    await cluster.run(5_000);
    expect(runs).toHaveLength(6);
    const perNode = Map.groupBy(runs, ({ at }) => at);
    expect([...perNode.values()].map((list) => list.length)).toEqual([2, 2, 2]);
    expect(runs[0]?.turns).toBeGreaterThan(90);
    expect(runs[0]?.context).toMatchObject({ daemon: "work", workers: 6 });
    const [view] = nodeOf("node-2").node.daemons();
    expect(view?.items.map(({ state }) => state)).toEqual(Array(6).fill("hosted"));
    expect(view?.here.map(({ index, state }) => `${index} ${state}`)).toEqual(
      perNode.get("node-2")?.map(({ index }) => `${index} running`),
    );
  });

  test("all run again within the ttl when a node was killed", async () => {
    await start();
    await untilRunning(6);
    nodeOf("node-2").kill();
    const tookMs = await untilRunning(6);
    expect(tookMs).toBeLessThan(ttlMs);
    expect(runs).toHaveLength(8);
  });

  test("a planned move ends the one run before the other begins", async () => {
    await start();
    await untilRunning(6);
    const before = live();
    const moving = before.filter(({ at }) => at === "node-3");
    await cluster.result(
      nodeOf("node-1").node.admin({ tag: "drain", by: "olga", nodeId: "node-3" }),
    );
    await cluster.until("all moved", () => live().every(({ at }) => at !== "node-3"));
    await untilRunning(6);
    for (const old of moving) {
      const next = lastOf(old.index);
      expect(next.at).not.toBe("node-3");
      expect(next.fence).toBeGreaterThan(old.fence);
      expect(old.context.signal.reason).toBeInstanceOf(WorkerOverError);
    }
    expect(runs).toHaveLength(8);
  });

  test("the next run waits for one that is slow to end", async () => {
    await start({ workers: 1 });
    await untilRunning(1);
    const first = lastOf(0);
    const { promise, resolve } = Promise.withResolvers<void>();
    onTurn = (own) => (own === first ? promise : undefined);
    await cluster.run(60);
    const { at } = first;
    await cluster.result(nodeOf("node-1").node.admin({ tag: "drain", by: "olga", nodeId: at }));
    await cluster.run(300);
    expect(runs).toHaveLength(1);
    resolve();
    await cluster.until("it runs elsewhere", () => live().some(({ at: now }) => now !== at));
  });

  test("one that does not end is left behind, said so, and its fence is over", async () => {
    await start({ workers: 1, heartbeatMs: 60_000 });
    await untilRunning(1);
    const first = lastOf(0);
    onTurn = (own) => (own === first ? new Promise<void>(() => undefined) : undefined);
    await cluster.run(60);
    const { at } = first;
    await cluster.result(nodeOf("node-1").node.admin({ tag: "drain", by: "olga", nodeId: at }));
    const tookMs = await cluster.until("it runs elsewhere", () => runs.length === 2);
    expect(tookMs).toBeLessThan(2 * ttlMs);
    expect(lastOf(0).fence).toBeGreaterThan(first.fence);
    expect(() => first.context.beat()).toThrow(WorkerOverError);
    expect(cluster.log.join("\n")).toContain("did not end after their signal");
  });

  test("one that throws is started elsewhere, and the log says why", async () => {
    await start();
    await untilRunning(6);
    const first = lastOf(2);
    onTurn = (own) => {
      if (own === first) throw new Error("the disk of this machine is gone");
    };
    await cluster.until("it failed", () => first.endedMs !== null);
    const tookMs = await untilRunning(6);
    expect(tookMs).toBeLessThan(ttlMs);
    expect(lastOf(2).at).not.toBe(first.at);
    const { entries } = cluster.postgres.tables.readLog(0, 1_000);
    const vacated = entries.find(({ type }) => type === "shard-vacated");
    expect(vacated).toMatchObject({
      ...{ group: "daemon:work", shard: 2 },
      why: "it threw: the disk of this machine is gone",
    });
    expect(entries.at(entries.indexOf(vacated as (typeof entries)[number]) + 1)).toMatchObject({
      ...{ type: "shard-assigned", cause: "given-up" },
    });
  });

  test("one that returns is started again", async () => {
    await start({
      workers: 1,
      run: async (context) => {
        const { index, fence, node } = context;
        runs.push({ index, fence, context, at: node.nodeId, beganMs: 0, turns: 0, endedMs: null });
      },
    });
    await cluster.until("it ran three times", () => runs.length >= 3);
    expect(runs[1]?.at).not.toBe(runs[0]?.at);
  });

  test("one that fails wherever it runs does so ever more rarely", async () => {
    await start({ workers: 1 });
    onTurn = () => {
      throw new Error("nothing helps");
    };
    await cluster.run(10_000);
    const early = runs.length;
    await cluster.run(20_000);
    expect(early).toBeGreaterThan(6);
    expect(early).toBeLessThan(16);
    expect(runs.length - early).toBeLessThan(12);
    const here = [...cluster.nodes.values()].flatMap(({ node }) => node.daemons()[0]?.here ?? []);
    expect(here).toContainEqual(
      expect.objectContaining({ state: "waiting", lastFailure: "it threw: nothing helps" }),
    );
  });

  test("one that is stuck is replaced elsewhere within the ttl; it may not go on", async () => {
    await start();
    await untilRunning(6);
    const stuck = lastOf(4);
    onTurn = (own) => (own === stuck ? new Promise<void>(() => undefined) : undefined);
    await cluster.run(60);
    const tookMs = await cluster.until("it is replaced", () => lastOf(4) !== stuck);
    expect(tookMs).toBeLessThan(ttlMs);
    expect(lastOf(4).at).not.toBe(stuck.at);
    expect(stuck.context.signal.aborted).toBe(true);
    expect(() => stuck.context.beat()).toThrow("no sign of life");
    expect(runs).toHaveLength(7);
  });

  test("a home where it has hung before does not wait for that run once more", async () => {
    await start({ workers: 1 }, 2);
    await untilRunning(1);
    const hung = lastOf(0);
    let thrower: Run | null = null;
    onTurn = (own) => {
      if (own === thrower) throw new Error("now this one");
      return own === hung ? new Promise<void>(() => undefined) : undefined;
    };
    await cluster.until("it is replaced", () => lastOf(0) !== hung);
    await cluster.run(2_000);
    thrower = lastOf(0);
    expect(thrower.at).not.toBe(hung.at);
    const tookMs = await cluster.until("it is back", () => lastOf(0) !== thrower);
    expect(lastOf(0).at).toBe(hung.at);
    expect(tookMs).toBeLessThan(ttlMs / 2);
  });

  test("one with long turns lives as long as it beats", async () => {
    await start({ workers: 1 });
    await untilRunning(1);
    onTurn = async ({ context }) => {
      for (let i = 0; i < 20; i += 1) {
        await passes(200);
        context.beat();
      }
    };
    await cluster.run(5_000);
    expect(runs).toHaveLength(1);
  });

  test("on a single node it goes on there, under another fence", async () => {
    await start({ workers: 1 }, 1);
    await untilRunning(1);
    const first = lastOf(0);
    onTurn = (own) => {
      if (own === first) throw new Error("once");
    };
    await cluster.until("it runs again", () => runs.length === 2);
    expect(lastOf(0).fence).toBeGreaterThan(first.fence);
  });

  test("a node that loses its lease ends its workers before another begins them", async () => {
    await start();
    await untilRunning(6);
    const mine = live().filter(({ at }) => at === "node-2");
    nodeOf("node-2").postgres.cut();
    await cluster.until("they run elsewhere", () => runs.length === 8, 10_000);
    for (const old of mine) {
      expect(old.endedMs).not.toBeNull();
      expect(() => old.context.beat()).toThrow(WorkerOverError);
    }
    nodeOf("node-2").postgres.heal();
  });

  test("they are scaled up and down while the cluster runs", async () => {
    await start();
    await untilRunning(6);
    const view = await scale(9);
    expect(view.workers).toBe(9);
    await untilRunning(9);
    expect(lastOf(8).context.workers).toBe(9);
    await scale(3, "node-2");
    await untilRunning(3);
    await cluster.run(2_000);
    expect(indices()).toBe("0 1 2");
    await scale(0);
    await untilRunning(0);
    expect(nodeOf("node-3").node.daemons()[0]?.items).toEqual([]);
    await scale(6);
    await untilRunning(6);
    const perNode = Map.groupBy(live(), ({ at }) => at);
    expect([...perNode.values()].map((list) => list.length).sort()).toEqual([2, 2, 2]);
  });

  test("the number that was set outlives every node; a program that says another one is told", async () => {
    await start();
    await scale(4);
    for (const { kill } of [...cluster.nodes.values()]) kill();
    for (let i = 1; i <= 3; i += 1) cluster.add(`node-${i}`);
    await cluster.until("workers run", () => live().length === 4);
    await cluster.run(2_000);
    expect(indices()).toBe("0 1 2 3");
    expect(cluster.log.join("\n")).toContain(
      `Daemon "work" has 4 workers in this cluster, and 6 in this program.`,
    );
  });

  test.each([
    [-1, "workers is -1"],
    [1.5, "workers is 1.5"],
    [65_537, "workers is 65537"],
  ])("cannot be scaled to %s", async (workers, said) => {
    await start({ workers: 1 }, 1);
    await expect(nodeOf("node-1").node.scaleDaemon("work", workers)).rejects.toThrow(said);
  });

  test("one that nobody knows cannot be scaled", async () => {
    await start({ workers: 1 }, 1);
    const scaling = nodeOf("node-1").node.scaleDaemon("wrok", 2);
    await expect(cluster.result(scaling)).rejects.toMatchObject({ code: "DAEMON_UNKNOWN" });
  });

  test("a node whose program has no such daemon gets none of its workers", async () => {
    await start({}, 1);
    cluster.add("old", { daemons: [] });
    await cluster.until("it has shards", () =>
      cluster.rows().some((row) => ownerOf(row)?.nodeId === "old"),
    );
    await cluster.run(3_000);
    await untilRunning(6);
    const owners = cluster.state.shards.get("daemon:work")?.map((row) => ownerOf(row)?.nodeId);
    expect(new Set(owners)).toEqual(new Set(["node-1"]));
    const plan = cluster.result(
      nodeOf("node-1").node.admin({
        ...{ tag: "plan", by: "olga" },
        request: { kind: "move", moves: [{ group: "daemon:work", shard: 0, to: "old" }] },
      }),
    );
    await expect(plan).rejects.toMatchObject({ code: "MOVE_INVALID" });
    // Its last home has gone: they wait for a node that has them, and start there.
    nodeOf("node-1").kill();
    await cluster.run(3_000);
    expect(live()).toEqual([]);
    cluster.add("node-2");
    await untilRunning(6);
  });

  test("a node that stops lets its workers end before it gives its lease away", async () => {
    await start();
    await untilRunning(6);
    const { node } = nodeOf("node-3");
    const mine = live().filter(({ at }) => at === "node-3");
    onTurn = (own) => (mine.includes(own) ? passes(200) : undefined);
    await cluster.run(60);
    await cluster.result(node.stop());
    cluster.nodes.delete("node-3");
    await untilRunning(6);
    for (const old of mine) {
      expect(lastOf(old.index).beganMs).toBeGreaterThanOrEqual(old.endedMs ?? Number.NaN);
    }
  });

  test("scaled down and up again, an index waits for its former run on the same node, too", async () => {
    await start({ workers: 1 }, 1);
    await untilRunning(1);
    const first = lastOf(0);
    onTurn = (own) => (own === first ? passes(300) : undefined);
    await cluster.run(60);
    await scale(0);
    await scale(1);
    await cluster.until("it runs again", () => lastOf(0) !== first);
    expect(lastOf(0).beganMs).toBeGreaterThanOrEqual(first.endedMs ?? Number.NaN);
  });

  test("a thousand singletons are spread over the nodes, a thousand workers as well", async () => {
    const many = Array.from({ length: 500 }, (_, i) => defineDaemon(`d${i}`, { workers: 1, run }));
    const big = defineDaemon("big", { workers: 500, run });
    cluster = new MemoryCluster({ ...options(), daemons: [...many, big] });
    onTurn = ({ context }) => {
      context.beat();
    };
    for (let i = 1; i <= 3; i += 1) cluster.add(`node-${i}`);
    await cluster.until("a thousand run", () => live().length === 1_000);
    const names = new Set(live().map(({ context, index }) => `${context.daemon} ${index}`));
    expect(names.size).toBe(1_000);
    const perNode = [...Map.groupBy(live(), ({ at }) => at).values()].map((list) => list.length);
    expect(Math.max(...perNode) - Math.min(...perNode)).toBeLessThanOrEqual(2);
  });
});
