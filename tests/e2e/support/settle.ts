import { waitUntil } from "../../cluster/harness/wait-until.ts";
import type { E2eCluster } from "./e2e-cluster.ts";
import { carryOut } from "./plan.ts";

/**
 * Undoes what the test before has left: no fault, every node up and open, no shard pinned, an even
 * spread. Costs a few requests where there is nothing to undo.
 */
export async function settle(cluster: E2eCluster): Promise<void> {
  await healAll(cluster);
  await waitUntil("every node is up and has no fault", () => nodesAreWell(cluster));
  for (const { group, shard, pinned } of await cluster.shards()) {
    if (pinned) await cluster.order(`/v1/shards/${group}/${shard}/unpin`);
  }
  await waitUntil("every shard is hosted", async () => {
    const { hosted, total } = (await cluster.cluster()).shards;
    return total > 0 && hosted === total;
  });
  await carryOut(cluster, { kind: "rebalance" });
}

/** By the console, because it also reaches a node that is paused. */
async function healAll(cluster: E2eCluster): Promise<void> {
  await waitUntil("the console heals", async () => {
    const response = await fetch(`${cluster.consoleUrl}/api/command`, {
      method: "POST",
      headers: { "content-type": "application/json", "leasehold-console": "1" },
      body: JSON.stringify({ kind: "heal-all" }),
      signal: AbortSignal.timeout(5_000),
    });
    return response.ok;
  });
}

async function nodesAreWell(cluster: E2eCluster): Promise<boolean> {
  const { nodes } = await cluster.cluster();
  for (const { nodeId, state, cordoned } of nodes) {
    if (cordoned || state === "draining" || state === "drained") {
      await cluster.order(`/v1/nodes/${nodeId}/uncordon`);
    }
  }
  const selves = await Promise.all(nodes.map((_, index) => cluster.self(index + 1)));
  const seen = nodes.map((node, index) => ({ ...node, self: selves[index] }));
  const ill = seen.find(
    ({ state, incarnation, self }) =>
      state !== "up" || self?.incarnation !== incarnation || self?.faults.length !== 0,
  );
  if (ill !== undefined) throw new Error(JSON.stringify(ill));
  return true;
}
