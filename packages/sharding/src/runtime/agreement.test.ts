import { afterEach, describe, expect, test } from "vitest";
import { MemoryCluster } from "../testkit/memory-cluster.ts";

let cluster: MemoryCluster;
afterEach(() => cluster.stop());

async function running(): Promise<void> {
  cluster = new MemoryCluster({ entities: [], shards: 16 });
  cluster.add("node-1");
  await cluster.until("every shard is hosted", () => cluster.isAllHosted());
}

describe("a node with another shard count than its cluster", () => {
  test("does not start, and has neither taken a lease nor changed anything", async () => {
    await running();
    const before = cluster.state;
    const { started } = cluster.add("node-2", { shards: 32 });
    await expect(cluster.result(started)).rejects.toThrow(
      'Group "default" has 16 shards in this cluster, but this node declares 32. The count is fixed when a group is created: start the node with 16.',
    );
    cluster.nodes.delete("node-2");
    expect(cluster.postgres.tables.lease("node-2")).toBeNull();
    expect(cluster.state).toBe(before);
  });

  test("does not start while nobody leads either: the rows outlive every coordinator", async () => {
    await running();
    await cluster.result(cluster.nodes.get("node-1")?.node.stop() as Promise<void>);
    cluster.nodes.delete("node-1");
    const { term } = cluster.state;
    const { started } = cluster.add("node-2", { shards: 32 });
    await expect(cluster.result(started)).rejects.toMatchObject({ code: "REGION_REFUSED" });
    cluster.nodes.delete("node-2");
    expect(cluster.state.term).toBe(term);
  });

  test("is refused by whoever created the group when both start at once", async () => {
    cluster = new MemoryCluster({ entities: [], shards: 16 });
    const starts = [cluster.add("node-1"), cluster.add("node-2", { shards: 32 })];
    const results = await cluster.result(Promise.allSettled(starts.map((one) => one.started)));
    expect(results.map((one) => one.status).sort()).toEqual(["fulfilled", "rejected"]);
    const refused = results.findIndex((one) => one.status === "rejected");
    expect(results[refused]).toMatchObject({ reason: { code: "REGION_REFUSED" } });
    expect([...cluster.state.nodes.keys()]).not.toContain(`node-${refused + 1}`);
    expect(cluster.state.groups.get("default")?.shards).toBe([16, 32][1 - refused]);
    await cluster.result(starts[refused]?.node.stop() as Promise<void>);
    cluster.nodes.delete(`node-${refused + 1}`);
  });
});
