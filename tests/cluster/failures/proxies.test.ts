import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { expectNothingLost } from "../expect-history.ts";
import { startCluster, stopAll, type TestCluster, type TestNode } from "../harness.ts";
import { pick, untilTakenOver } from "../support.ts";
import { untilServed } from "./support.ts";

afterEach(stopAll);

const logPage = z.object({ events: z.array(z.looseObject({ type: z.string() })) });

/** Three nodes and a proxy. */
async function startWithProxy(): Promise<{ cluster: TestCluster; proxy: TestNode }> {
  // Nodes that start take the processors from those that serve: with 1 s that alone can end a lease.
  const cluster = await startCluster({ nodes: 3, ttlMs: 3_000 });
  const proxy = cluster.addNode({ LEASEHOLD_PROXY: "on" });
  await proxy.start();
  await proxy.becomeReady();
  return { cluster, proxy };
}

async function restart(cluster: TestCluster, node: TestNode): Promise<void> {
  await node.start();
  await node.becomeReady();
  await cluster.waitUntil(`${node.nodeId} has shards again`, async () => {
    return (await shardsOf(cluster, node)) > 0;
  });
}

async function shardsOf(cluster: TestCluster, { nodeId }: TestNode): Promise<number> {
  const { nodes } = await cluster.cluster();
  return nodes.find((one) => one.nodeId === nodeId)?.shards ?? 0;
}

test("every command through a proxy succeeds while the nodes behind it restart one after the other", async () => {
  const { cluster, proxy } = await startWithProxy();
  const load = cluster.load({ perSecond: 100, ids: 64 }, [proxy]);
  await untilServed(cluster, load, 128);
  for (const node of cluster.nodes.filter((one) => one !== proxy)) {
    expect((await node.stop()).code).toBe(0);
    await restart(cluster, node);
  }
  await untilServed(cluster, load);
  expectNothingLost(await load.stop());
  expect(await shardsOf(cluster, proxy)).toBe(0);
  expect((await proxy.self()).role).toBe("proxy");
});

test("a proxy gets no shard and never leads when others die, by a rebalance, or by an operator's word", async () => {
  const { cluster, proxy } = await startWithProxy();
  const moves = [{ group: "default", shard: 0, to: proxy.nodeId }];
  await expect(proxy.ask("POST", "/v1/plans", { kind: "move", moves })).rejects.toThrow(
    `Node ${proxy.nodeId} is a proxy: it hosts no shards.`,
  );
  for (let died = 0; died < 2; died += 1) {
    const coordinator = await pick(cluster, "coordinator");
    expect(coordinator).not.toBe(proxy);
    await coordinator.kill();
    await untilTakenOver(cluster, coordinator.nodeId, cluster.nodes.indexOf(proxy) + 1);
  }
  const { planId } = (await proxy.ask("POST", "/v1/plans", { kind: "rebalance" })) as {
    planId: string;
  };
  await proxy.ask("POST", `/v1/plans/${planId}/apply`);
  const owners = new Set((await cluster.waitForStableOwnership()).map(({ owner }) => owner));
  expect(owners.size).toBe(1);
  expect(owners).not.toContain(proxy.nodeId);
  const { events } = logPage.parse(await proxy.ask("GET", "/v1/events?after=0&limit=1000"));
  const leaders = events.filter(({ type }) => type === "coordinator-elected");
  expect(leaders.length).toBeGreaterThan(2);
  for (const leader of leaders) expect(leader["nodeId"]).not.toBe(proxy.nodeId);
  const given = events.filter(({ type }) => type === "shard-assigned");
  for (const one of given) expect(one["nodeId"]).not.toBe(proxy.nodeId);
  const answer = await proxy.ask("POST", "/v1/entities/counter/any/add", { by: 1 });
  expect(answer).toMatchObject({ servedBy: { nodeId: [...owners][0] } });
});
