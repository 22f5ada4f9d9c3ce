import { describe, expect, test } from "vitest";
import { findProcesses } from "./harness/processes.ts";
import { startCluster, stopAll, waitUntil } from "./harness.ts";
import { shareCluster } from "./share-cluster.ts";

describe("the harness", () => {
  const shared = shareCluster({ nodes: 2, shards: 8 });

  test("starts a cluster that answers, and sees a killed node's shards move and return", async () => {
    const cluster = shared();
    const load = cluster.load({ perSecond: 50, ids: 20 });
    await waitUntil("the load is answered", () => load.history.length > 20);
    expect(load.failures()).toEqual([]);
    const exit = await cluster.node(1).kill();
    expect(exit.signal).toBe("SIGKILL");
    const owners = (await cluster.waitForStableOwnership()).map((row) => row.owner);
    expect(new Set(owners)).toEqual(new Set(["node-2"]));
    await cluster.node(1).start();
    await cluster.node(1).becomeReady();
    await waitUntil("node-1 owns shards again", async () => {
      const { nodes } = await cluster.cluster();
      return nodes.some((node) => node.nodeId === "node-1" && node.shards > 0);
    });
    const history = await load.stop();
    for (const call of history.filter((one) => one.outcome.tag === "failed")) {
      // Only what was under way at the node that was killed.
      expect(call.outcome).toMatchObject({ executed: "unknown" });
    }
  });

  test("pauses, freezes and heals a node, from outside and by its own faults", async () => {
    const cluster = shared();
    const node = cluster.node(2);
    const isSilent = () =>
      fetch(`${node.url}/livez`, { signal: AbortSignal.timeout(200) }).then(
        () => false,
        () => true,
      );
    node.freeze();
    await waitUntil("node-2 is silent", isSilent);
    node.thaw();
    await waitUntil("node-2 answers", async () => !(await isSilent()));
    for (const kind of ["pause", "freeze"]) {
      await node.fault({ kind, ttlMs: 600_000 });
      await waitUntil(`node-2 is silent in a ${kind}`, isSilent);
      await node.heal();
      expect((await cluster.self(2)).faults, kind).toEqual([]);
    }
    await cluster.waitForStableOwnership();
  });

  test("cuts a node off from Postgres until its faults are healed", async () => {
    const cluster = shared();
    await cluster.node(1).fault({ kind: "cut-postgres" });
    await waitUntil(
      "node-1 lost its lease",
      async () => (await cluster.self(1)).lease.state !== "held",
    );
    await cluster.node(1).heal();
    await waitUntil(
      "node-1 has a lease again",
      async () => (await cluster.self(1)).lease.state === "held",
    );
    await cluster.waitForStableOwnership();
  });
});

describe("the end of a test", () => {
  test("lets a node leave with exit code 0, and leaves no process", async () => {
    const cluster = await startCluster({ nodes: 2, shards: 8 });
    const url = cluster.databaseUrl;
    expect((await cluster.node(2).stop()).code).toBe(0);
    expect(findProcesses([url]).length).toBeGreaterThan(0);
    await stopAll();
    await waitUntil("no process of the cluster is left", () => findProcesses([url]).length === 0);
  });
});
