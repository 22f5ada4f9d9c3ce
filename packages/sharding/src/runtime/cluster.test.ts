import { afterEach, describe, expect, test, vi } from "vitest";
import { MemoryStateStore } from "../adapters/memory/memory-state-store.ts";
import type { ClusterState } from "../core/cluster.ts";
import { ownerOf } from "../core/cluster.ts";
import { logBroken } from "../core/invariants.ts";
import type { MemoryClusterOptions } from "../testkit/memory-cluster.ts";
import { CounterCluster } from "./fixtures/counter.ts";

let cluster: CounterCluster;

async function startCluster(
  count: number,
  options: Partial<MemoryClusterOptions> = {},
): Promise<void> {
  cluster = new CounterCluster(options);
  await cluster.start(count);
  await cluster.until("the copies are current", () => cluster.areCopiesCurrent());
}

afterEach(() => expect(logBroken(cluster.expectReplay())).toEqual([]));

const coordinatorId = (): string => cluster.state.coordinator?.nodeId ?? "-";
const plans = (state: ClusterState) => [...state.plans.values()];

/** Kills a node that does not lead. @returns how long its shards were without a home that serves. */
async function timeToReplace(): Promise<number> {
  const victim = ["node-1", "node-2", "node-3"].find((id) => id !== coordinatorId()) as string;
  cluster.nodeOf(victim).kill();
  return await cluster.until(
    "its shards are hosted elsewhere",
    () => cluster.shardsOf(victim) === 0 && cluster.isAllHosted(),
  );
}

describe("a cluster in memory", () => {
  test("three nodes share the shards evenly, with one epoch each and nothing moved", async () => {
    await startCluster(3);
    expect(["node-1", "node-2", "node-3"].map((id) => cluster.shardsOf(id)).sort()).toEqual([
      5, 5, 6,
    ]);
    expect(cluster.rows().every((row) => row.epoch === 1)).toBe(true);
    expect(plans(cluster.state)).toEqual([]);
  });

  test("a new term and what it decides is told by the coordinator: nobody has to read the log", async () => {
    await startCluster(4);
    // The database says nothing of it, so that a read comes from a gap in what was told.
    cluster.postgres.notify = () => undefined;
    const reads = vi.spyOn(MemoryStateStore.prototype, "readLog");
    const victim = coordinatorId();
    cluster.nodeOf(victim).kill();
    await cluster.until(
      "its shards are hosted elsewhere, and every node knows of it",
      () => cluster.shardsOf(victim) === 0 && cluster.isAllHosted() && cluster.areCopiesCurrent(),
    );
    expect(reads).not.toHaveBeenCalled();
    reads.mockRestore();
  });

  test("a node that renewed after its counter was last read is replaced as fast as any other", async () => {
    await startCluster(6);
    // At several points between the heartbeats of the coordinator and of the node.
    for (const waitMs of [0, 171, 311, 473]) {
      await cluster.run(waitMs);
      const victim = [...cluster.nodes.keys()].find((id) => id !== coordinatorId()) as string;
      cluster.nodeOf(victim).kill();
      const tookMs = await cluster.until(
        "its shards are hosted elsewhere",
        () => cluster.shardsOf(victim) === 0 && cluster.isAllHosted(),
      );
      expect(tookMs).toBeLessThan(100);
    }
  });

  test("a session that ended is replaced at once, not when the next heartbeat would have been due", async () => {
    await startCluster(3);
    const { node } = cluster.nodeOf("node-2");
    const life = node.incarnation();
    // Several times: a heartbeat may be due at once by chance.
    for (let turn = 0; turn < 5; turn += 1) {
      await cluster.run(137);
      cluster.postgres.backends.endOf((name) => name.startsWith(`lease ${life}`));
      await cluster.until("it has noticed", () => node.belief().lease.state === "reconnecting");
      const tookMs = await cluster.until(
        "it holds its lease again",
        () => node.belief().lease.state === "held",
      );
      expect(tookMs).toBeLessThan(20);
    }
    expect(node.incarnation()).toBe(life);
  });

  test("commands from any node reach the same activation", async () => {
    await startCluster(3);
    const answers = [];
    for (const via of ["node-1", "node-2", "node-3", "node-1"])
      answers.push(await cluster.result(cluster.count(via, "a")));
    expect(answers).toEqual([1, 2, 3, 4]);
  });

  test("a joining node is given its share at once, with the state of what moves", async () => {
    await startCluster(2);
    for (let i = 0; i < 40; i += 1) await cluster.result(cluster.count("node-1", `e${i}`));
    cluster.add("node-3");
    await cluster.until(
      "node-3 has its share",
      () => cluster.shardsOf("node-3") === 5 && cluster.isAllHosted(),
    );
    for (let i = 0; i < 40; i += 1)
      expect(await cluster.result(cluster.count("node-2", `e${i}`))).toBe(2);
    const moved = cluster.rows().filter((row) => row.epoch > 1).length;
    expect(moved).toBe(5);
  });

  test("a killed node's shards answer elsewhere as soon as its process is proven dead", async () => {
    await startCluster(3);
    const victim = ["node-1", "node-2", "node-3"].find((id) => id !== coordinatorId()) as string;
    const before = cluster.shardsOf(victim);
    cluster.nodeOf(victim).kill();
    const ms = await cluster.until(
      "its shards are hosted elsewhere",
      () => cluster.shardsOf(victim) === 0 && cluster.isAllHosted(),
    );
    expect(before).toBeGreaterThan(0);
    expect(ms).toBeLessThan(400);
  });

  test("a node that is killed as soon as it has shards is proven dead like any other", async () => {
    await startCluster(2);
    cluster.add("node-3");
    await cluster.until("node-3 has a shard", () => cluster.shardsOf("node-3") > 0);
    cluster.nodeOf("node-3").kill();
    const ms = await cluster.until("its shards are hosted elsewhere", () => {
      return cluster.shardsOf("node-3") === 0 && cluster.isAllHosted();
    });
    expect(ms).toBeLessThan(400);
  });

  test("without a proof a killed node's shards wait for the watched ttl, and no longer", async () => {
    await startCluster(3, { shareHost: false });
    const ms = await timeToReplace();
    expect(ms).toBeGreaterThan(850);
    expect(ms).toBeLessThan(1_000 + 1_000);
  });

  test("the watched ttl is noticed when it is over, and not at the heartbeat after it", async () => {
    const tookMs: number[] = [];
    for (let phase = 0; phase < 6; phase += 1) {
      await startCluster(3, { shareHost: false });
      await cluster.run(phase * 28);
      tookMs.push(await timeToReplace());
    }
    // The last renewal is seen within a heartbeat, and its end is 1.02 ttl after that.
    expect(Math.max(...tookMs), tookMs.join(" ")).toBeLessThan(1_000 / 6 + 1_020 + 20);
  });

  test("a refused connection is a proof where the operator trusts it", async () => {
    await startCluster(3, { shareHost: false, trustRefused: true });
    expect(await timeToReplace()).toBeLessThan(400);
  });

  test("a killed coordinator is replaced, and no healthy shard moves", async () => {
    await startCluster(3);
    const victim = coordinatorId();
    const epochs = cluster.rows().map((row) => [ownerOf(row)?.nodeId, row.epoch]);
    cluster.nodeOf(victim).kill();
    await cluster.until("another node leads", () => coordinatorId() !== victim);
    await cluster.until(
      "its shards are hosted elsewhere",
      () => cluster.shardsOf(victim) === 0 && cluster.isAllHosted(),
    );
    cluster.rows().forEach((row, shard) => {
      const [owner, epoch] = epochs[shard] as [string, number];
      if (owner !== victim) expect([ownerOf(row)?.nodeId, row.epoch]).toEqual([owner, epoch]);
    });
    expect(cluster.state.term).toBe(2);
  });

  test("a node cut from Postgres stops serving before its shards answer elsewhere, and takes part again after the heal", async () => {
    await startCluster(3);
    const victim = ["node-1", "node-2", "node-3"].find((id) => id !== coordinatorId()) as string;
    const { node, postgres } = cluster.nodeOf(victim);
    const life = node.incarnation();
    postgres.cut();
    await cluster.until("it stops serving", () => node.counters().shardsServing === 0);
    expect(cluster.shardsOf(victim)).toBeGreaterThan(0);
    const ms = await cluster.until(
      "its shards are hosted elsewhere",
      () => cluster.shardsOf(victim) === 0 && cluster.isAllHosted(),
    );
    expect(ms).toBeLessThan(1_000 + 1_000);
    postgres.heal();
    await cluster.until(
      "it has its share again",
      () => cluster.shardsOf(victim) >= 5 && cluster.isAllHosted(),
    );
    expect(node.incarnation()).not.toBe(life);
  });

  test("a node cut from Postgres lets go at its deadline, whatever its connections wait for", async () => {
    await startCluster(3);
    const { node, postgres } = cluster.nodeOf("node-2");
    postgres.cut();
    const ms = await cluster.until(
      "it serves and believes to serve nothing",
      () =>
        node.shardBeliefs().every((shard) => !shard.serving) && node.counters().shardsServing === 0,
    );
    expect(ms).toBeLessThanOrEqual(902);
    postgres.heal();
    await cluster.until("it has its share again", () => cluster.shardsOf("node-2") >= 5);
  });

  test("a restart of Postgres within half a ttl moves nothing", async () => {
    await startCluster(3);
    const before = cluster.rows().map((row) => [ownerOf(row)?.nodeId, row.epoch]);
    cluster.postgres.stop();
    await cluster.run(400);
    cluster.postgres.start();
    await cluster.until("every node renews again", () =>
      [...cluster.nodes.values()].every(
        ({ node }) => node.belief().lease.state === "held" && node.belief().lease.leftMs > 700,
      ),
    );
    await cluster.run(3_000);
    expect(cluster.rows().map((row) => [ownerOf(row)?.nodeId, row.epoch])).toEqual(before);
    expect(await cluster.result(cluster.count("node-1", "a"))).toBe(1);
  });

  test("a draining node hands over everything with its state, loses no request, and leaves", async () => {
    await startCluster(3);
    for (let i = 0; i < 30; i += 1) await cluster.result(cluster.count("node-1", `e${i}`));
    const { node } = cluster.nodeOf("node-2");
    const stopped = node.drain(10_000);
    const underway = Array.from({ length: 60 }, (_, i) =>
      cluster.count(i % 2 === 0 ? "node-1" : "node-3", `e${i % 30}`),
    );
    await cluster.result(stopped);
    cluster.nodes.delete("node-2");
    expect((await cluster.result(Promise.all(underway))).length).toBe(60);
    expect(cluster.shardsOf("node-2")).toBe(0);
    for (let i = 0; i < 30; i += 1)
      expect(await cluster.result(cluster.count("node-3", `e${i}`))).toBe(4);
  });

  test("a move keeps the order of one sender's commands and pins the shard", async () => {
    await startCluster(2, { rebalance: "manual" });
    await cluster.result(cluster.count("node-1", "a"));
    const { servedBy } = await cluster.result(
      cluster
        .nodeOf("node-1")
        .node.ask({ type: "counter", id: "a", command: "get", input: undefined }),
    );
    const to = servedBy.nodeId === "node-1" ? "node-2" : "node-1";
    const { node } = cluster.nodeOf("node-1");
    const { planId } = await cluster.result(
      node.admin({
        tag: "plan",
        by: "t",
        request: { kind: "move", moves: [{ group: "default", shard: servedBy.shard, to }] },
      }),
    );
    const sent: Promise<number>[] = [];
    const applied = node.admin({
      tag: "plan-control",
      by: "t",
      planId: planId as string,
      verb: "apply",
    });
    for (let i = 0; i < 100; i += 1) {
      sent.push(cluster.count("node-1", "a"));
      await cluster.run(1);
    }
    await cluster.result(applied);
    expect(await cluster.result(Promise.all(sent))).toEqual(
      Array.from({ length: 100 }, (_, i) => i + 2),
    );
    const row = cluster.rows()[servedBy.shard];
    expect(row).toMatchObject({
      state: "hosted",
      epoch: servedBy.epoch + 1,
      pinned: true,
      owner: { nodeId: to },
    });
  });

  test("a second process with the same node id is refused, and the first goes on", async () => {
    await startCluster(2);
    const first = cluster.nodeOf("node-1");
    const twin = cluster.add("node-1");
    await expect(cluster.result(twin.started)).rejects.toMatchObject({ code: "NODE_ID_IN_USE" });
    cluster.nodes.set("node-1", first);
    expect(first.node.isReady()).toBe(true);
  });

  test("a node with another shard count is refused with both numbers", async () => {
    await startCluster(2);
    const odd = cluster.add("node-3", { shards: 17 });
    await expect(cluster.result(odd.started)).rejects.toThrow(/has 16 shards .* declares 17/);
  });
});
