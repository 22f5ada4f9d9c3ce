import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { expectNothingLost } from "../expect-history.ts";
import { VersionZeroPeer } from "../fixtures/version-0-peer.ts";
import { startCluster, type TestCluster, type TestNode } from "../harness.ts";
import { shareCluster } from "../share-cluster.ts";
import { pick } from "../support.ts";
import { coordinatorAndOthers, expectWithin, rounds, untilServed } from "./support.ts";

// Nodes that start take the processors from those that serve: with 1 s that alone can end a lease.
const shared = shareCluster({ ttlMs: 3_000 });
/** After which a handoff that was not answered is given up, unless a node is told otherwise. */
const handoffTimeoutMs = 10_000;
const nodeAnswer = z.object({
  nodes: z.array(z.object({ nodeId: z.string(), state: z.string() })),
});

const stateOf = async (cluster: TestCluster, nodeId: string): Promise<string | undefined> =>
  (await cluster.cluster()).nodes.find((node) => node.nodeId === nodeId)?.state;

test("a rolling restart of all nodes under load fails no request and loses no state, whatever a peer of another version tries", async () => {
  const cluster = shared();
  const old = new VersionZeroPeer(cluster.nodes);
  onTestFinished(() => old.stop());
  const load = cluster.load({ perSecond: 100, ids: 64 });
  await untilServed(cluster, load, 128);
  for (let round = 0; round < rounds(1, 5); round += 1) {
    for (const node of cluster.nodes) {
      const { code, tookMs } = await node.stop();
      expect(code).toBe(0);
      expectWithin(`${node.nodeId} left in`, tookMs, 2_000);
      await node.start();
      await node.becomeReady();
      await cluster.waitUntil(`${node.nodeId} has shards again`, async () => {
        const { nodes } = await cluster.cluster();
        return (nodes.find((one) => one.nodeId === node.nodeId)?.shards ?? 0) > 0;
      });
    }
  }
  const ids = cluster.nodes.map(({ nodeId }) => nodeId);
  const refusalsOf = (id: string) => [...(old.refusals.get(id) ?? [])];
  await cluster.waitUntil("every node has refused the old peer for its version", () => {
    return ids.every((id) => refusalsOf(id).some((refusal) => refusal.startsWith("4001 ")));
  });
  await old.stop();
  expectNothingLost(await load.stop());
  const why = "another protocol version: 0 was refused by a node that has 1";
  // Of a node that was just starting again it may have dialled the life before.
  const isOfTheLifeBefore = (refusal: string) => refusal.startsWith("4004 ");
  for (const id of ids) {
    const others = refusalsOf(id).filter((refusal) => !isOfTheLifeBefore(refusal));
    expect(others).toEqual([`4001 ${why}`]);
  }
  for (const node of cluster.nodes) expect(node.log(10_000)).toContain(why);
  expect(await stateOf(cluster, VersionZeroPeer.nodeId)).toBeUndefined();
});

test("a drain whose target dies goes on with the nodes that are left, and loses no request of the others", async () => {
  const cluster = shared();
  const [coordinator, draining, target] = await coordinatorAndOthers(cluster);
  const load = cluster.load({ perSecond: 100, ids: 64, deadlineMs: 5_000 }, [coordinator]);
  // Every entity has state, so that some of it goes to the target.
  await untilServed(cluster, load, 128);
  await cluster.crashAt(target, "received:state-chunk");
  await coordinator.ask("POST", `/v1/nodes/${draining.nodeId}/drain`);
  await cluster.waitUntil("the target has died", () => !target.isRunning);
  const startMs = performance.now();
  await cluster.waitUntil(`${draining.nodeId} is drained`, async () => {
    return (await stateOf(cluster, draining.nodeId)) === "drained";
  });
  const tookMs = performance.now() - startMs;
  expectWithin("the drain was done after", tookMs, 2_000);
  expect(tookMs, "no handoff to the dead waited for its timeout").toBeLessThan(handoffTimeoutMs);
  const owners = new Set((await cluster.waitForStableOwnership()).map(({ owner }) => owner));
  expect(owners).toEqual(new Set([coordinator.nodeId]));
  await untilServed(cluster, load);
  await coordinator.ask("POST", `/v1/nodes/${draining.nodeId}/uncordon`);
});

test("the coordinator itself can be drained, and stopped then, without a failed request", async () => {
  const cluster = shared();
  const [coordinator, first, second] = await coordinatorAndOthers(cluster);
  const load = cluster.load({ perSecond: 100, ids: 64 }, [first, second]);
  await untilServed(cluster, load);
  await first.ask("POST", `/v1/nodes/${coordinator.nodeId}/drain`);
  await cluster.waitUntil("it is drained", async () => {
    return (await stateOf(cluster, coordinator.nodeId)) === "drained";
  });
  expect((await coordinator.stop()).code).toBe(0);
  const next = await pick(cluster, "coordinator");
  expect(next.nodeId).not.toBe(coordinator.nodeId);
  await untilServed(cluster, load);
  expectNothingLost(await load.stop());
  await coordinator.start();
  await coordinator.becomeReady();
  await first.ask("POST", `/v1/nodes/${coordinator.nodeId}/uncordon`);
});

test("two nodes that are told to leave at once both leave, without a failed request", async () => {
  const cluster = shared();
  const [coordinator, first, second] = await coordinatorAndOthers(cluster);
  const load = cluster.load({ perSecond: 100, ids: 64 }, [second]);
  await untilServed(cluster, load);
  const exits = await Promise.all([coordinator.stop(), first.stop()]);
  expect(exits.map(({ code }) => code)).toEqual([0, 0]);
  expectWithin("both had left after", Math.max(...exits.map(({ tookMs }) => tookMs)), 3_000);
  await cluster.waitForStableOwnership();
  await untilServed(cluster, load);
  expectNothingLost(await load.stop());
});

test("the last node leaves at once, and the next one to start serves every shard", async () => {
  const cluster = await startCluster({ nodes: 1, shards: 8 });
  const node = cluster.node(1) as TestNode;
  const { code, tookMs } = await node.stop();
  expect(code).toBe(0);
  expectWithin("the last node left in", tookMs, 2_000);
  const startMs = performance.now();
  await node.start();
  await node.becomeReady();
  await cluster.verify();
  expectWithin("every shard was served again after", performance.now() - startMs, 3_000);
  expect(nodeAnswer.parse(await node.ask("GET", "/v1/cluster")).nodes).toHaveLength(1);
});
