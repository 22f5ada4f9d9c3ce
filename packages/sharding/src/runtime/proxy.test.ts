import { afterEach, describe, expect, test } from "vitest";
import { CounterCluster } from "./fixtures/counter.ts";

const ttlMs = 1_000;

let cluster: CounterCluster;
afterEach(() => void cluster.expectReplay());

/** Node-1 leads; `proxy` routes. */
async function startCluster(hosts: number): Promise<void> {
  cluster = new CounterCluster({ leaseTtlMs: ttlMs });
  await cluster.startLedByFirst(hosts);
  await cluster.result(cluster.add("proxy", { proxy: true }).started);
  await cluster.until("the copies are current", () => cluster.areCopiesCurrent());
}

const proxy = () => cluster.nodeOf("proxy").node;
const ids = Array.from({ length: 40 }, (_, i) => `c${i}`);
const countAll = (via: string) =>
  cluster.result(Promise.all(ids.map((id) => cluster.count(via, id))));
const admin = (command: Parameters<ReturnType<typeof proxy>["admin"]>[0]) =>
  cluster.result(proxy().admin(command, 2_000));
const leaders = () =>
  cluster
    .entries()
    .flatMap((entry) => (entry.type === "coordinator-elected" ? [entry.nodeId] : []));

describe("a proxy", () => {
  test("runs every command elsewhere, and shows as what it is", async () => {
    await startCluster(3);
    expect(await countAll("proxy")).toEqual(ids.map(() => 1));
    expect(await countAll("node-2")).toEqual(ids.map(() => 2));
    expect(proxy().counters()).toMatchObject({ entities: 0, shardsServing: 0 });
    expect(proxy().belief().role).toBe("proxy");
    expect(proxy().isReady()).toBe(true);
    expect(cluster.state.nodes.get("proxy")).toMatchObject({ weight: 0, state: "up" });
  });

  test("gets no shard when it joins, on a rebalance, from a drain, or from a node that died", async () => {
    await startCluster(3);
    const rebalance = await admin({ tag: "plan", by: "t", request: { kind: "rebalance" } });
    expect(cluster.state.plans.get(rebalance.planId ?? "")?.moves).toEqual([]);
    await admin({ tag: "drain", by: "t", nodeId: "node-3" });
    await cluster.until(
      "node-3 is drained",
      () => cluster.state.nodes.get("node-3")?.state === "drained",
    );
    cluster.nodeOf("node-2").kill();
    await cluster.until(
      "node-1 has all",
      () => cluster.shardsOf("node-1") === 16 && cluster.isAllHosted(),
    );
    expect(cluster.shardsOf("proxy")).toBe(0);
    expect(await countAll("proxy")).toHaveLength(ids.length);
  });

  test("is refused by its name as a move's target", async () => {
    await startCluster(2);
    const moves = [{ group: "default", shard: 0, to: "proxy" }];
    await expect(
      admin({ tag: "plan", by: "t", request: { kind: "move", moves } }),
    ).rejects.toMatchObject({
      ...{ code: "MOVE_INVALID", message: "Node proxy is a proxy: it hosts no shards." },
    });
  });

  test("never leads, also when those that led die one after the other", async () => {
    await startCluster(3);
    for (const victim of ["node-1", "other"]) {
      const { coordinator, term } = cluster.state;
      expect(victim === "other" || victim === coordinator?.nodeId).toBe(true);
      cluster.nodeOf(coordinator?.nodeId ?? "").kill();
      await cluster.until("the next one leads, and hosts", () => {
        return cluster.state.term > term && cluster.isAllHosted();
      });
    }
    expect(await countAll("proxy")).toHaveLength(ids.length);
    expect(leaders()).toHaveLength(3);
    expect(leaders()).not.toContain("proxy");
  });

  test("has no say in who is evicted: it could replace nobody", async () => {
    await startCluster(2);
    for (const name of ["proxy-2", "proxy-3"]) {
      await cluster.result(cluster.add(name, { proxy: true }).started);
    }
    for (const host of ["node-2", "node-1"]) {
      for (const name of ["proxy", "proxy-2", "proxy-3"]) cluster.links.cut(host, name);
      await cluster.run(4 * ttlMs);
      expect([...cluster.state.nodes.values()].map(({ state }) => state)).not.toContain("evicted");
      expect(cluster.nodeOf("node-1").node.belief().role).toBe("coordinator");
    }
    expect(proxy().isReady()).toBe(false);
    expect(await countAll("node-2")).toHaveLength(ids.length);
  });

  test("keeps nobody from leaving at once: it takes nothing over", async () => {
    await startCluster(1);
    const startMs = cluster.clock.monotonicMs();
    await cluster.result(cluster.nodeOf("node-1").node.drain(10_000));
    expect(cluster.clock.monotonicMs() - startMs).toBeLessThan(2_500);
    await cluster.result(proxy().drain(10_000));
  });
});

describe("a cluster of nothing but proxies", () => {
  test("serves nothing and says so, until a node comes that hosts shards", async () => {
    cluster = new CounterCluster({ leaseTtlMs: ttlMs });
    const { started } = cluster.add("proxy", { proxy: true });
    await cluster.run(3 * ttlMs);
    expect(
      cluster.log.filter((line) => line.includes("a proxy waits for a node that hosts")),
    ).toHaveLength(1);
    expect(proxy().isReady()).toBe(false);
    expect(leaders()).toEqual([]);
    cluster.add("node-1");
    await cluster.result(started);
    await cluster.until("all is hosted", () => cluster.isAllHosted());
    expect(await countAll("proxy")).toHaveLength(ids.length);
    expect(proxy().isReady()).toBe(true);
    cluster.nodeOf("node-1").kill();
    await cluster.until("it is not ready", () => !proxy().isReady());
    await expect(cluster.result(cluster.count("proxy", "another"))).rejects.toMatchObject({
      executed: "no",
    });
  });
});
