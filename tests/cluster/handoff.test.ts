import { expect, test } from "vitest";
import { expectNothingLost } from "./expect-history.ts";
import { waitUntil } from "./harness.ts";
import { shareCluster } from "./share-cluster.ts";
import { longestGapMs } from "./support.ts";

const shared = shareCluster();

interface Plan {
  readonly planId: string;
  readonly state?: string;
  readonly moves: readonly {
    readonly shard: number;
    readonly from: string;
    readonly to: string;
    readonly why: string;
  }[];
}

test("moves of shards under load lose no request, no order and no state", async () => {
  const cluster = shared();
  const load = cluster.load({ perSecond: 300, ids: 64 });
  await waitUntil("every entity has answered", async () => load.history.length > 128);
  for (const to of ["node-1", "node-2", "node-3"]) {
    const shards = await cluster.shards();
    const moves = shards
      .filter((shard) => shard.owner !== to)
      .slice(0, 12)
      .map(({ group, shard }) => ({ group, shard, to }));
    const plan = (await cluster.node(2).ask("POST", "/v1/plans", { kind: "move", moves })) as Plan;
    expect(plan.moves.length).toBe(moves.length);
    await cluster.node(2).ask("POST", `/v1/plans/${plan.planId}/apply`);
    await waitUntil(`plan ${plan.planId} is done`, async () => {
      const now = (await cluster.node(1).ask("GET", `/v1/plans/${plan.planId}`)) as Plan;
      return now.state === "done";
    });
  }
  const history = await load.stop();
  console.info(
    `36 shards moved under load: longest gap of an entity ${longestGapMs(history).toFixed(0)} ms, of which ${((64 / 300) * 1000) | 0} ms are the load's own`,
  );
  expectNothingLost(history);
});

test("a node that joins is given its share, one that leaves hands over, and no request is lost", async () => {
  const cluster = shared();
  const load = cluster.load({ perSecond: 300, ids: 64 });
  const fourth = cluster.addNode();
  await fourth.start();
  await fourth.becomeReady();
  await waitUntil("node-4 has its share", async () => {
    const { nodes, shards } = await cluster.cluster(1);
    return (
      shards.hosted === shards.total &&
      (nodes.find((node) => node.nodeId === "node-4")?.shards ?? 0) >= 7
    );
  });
  const { code, tookMs } = await cluster.node(1).stop();
  expect(code).toBe(0);
  console.info(`left in ${tookMs.toFixed(0)} ms`);
  await cluster.waitForStableOwnership();
  const history = await load.stop();
  console.info(
    `join and leave under load: longest gap of an entity ${longestGapMs(history).toFixed(0)} ms`,
  );
  expectNothingLost(history);
});

test("draining a node empties it, a balanced cluster proposes an empty plan, and uncordon brings it back", async () => {
  const cluster = shared();
  const empty = (await cluster.node(1).ask("POST", "/v1/plans", { kind: "rebalance" })) as Plan;
  expect(empty.moves).toEqual([]);
  await cluster.node(1).ask("POST", "/v1/nodes/node-2/drain");
  await waitUntil("node-2 is drained", async () => {
    const { nodes } = await cluster.cluster(3);
    const node = nodes.find((one) => one.nodeId === "node-2");
    return node?.state === "drained" && node.shards === 0;
  });
  expect((await cluster.self(2)).shards.filter((shard) => shard.serving)).toEqual([]);
  await cluster.node(1).ask("POST", "/v1/nodes/node-2/uncordon");
  await waitUntil("node-2 has its share again", async () => {
    const { nodes, shards } = await cluster.cluster(3);
    return (
      shards.hosted === shards.total &&
      (nodes.find((one) => one.nodeId === "node-2")?.shards ?? 0) >= 10
    );
  });
});
