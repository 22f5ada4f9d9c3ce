import { afterEach, expect, test } from "vitest";
import { startCluster, stopAll, type TestNode } from "../harness.ts";
import { Nemesis } from "./nemesis.ts";
import { rounds, untilServed } from "./support.ts";

const ttlMs = 1_000;
const minutes = rounds(1, 10);
const seed = Number(process.env["LEASEHOLD_TEST_SEED"] ?? Date.now() % 1_000_000);

afterEach(stopAll);

test(
  `everything at random for ${minutes} min, from one seed: nothing that must not happen, and all is well after it`,
  async () => {
    console.info(`to repeat it: LEASEHOLD_TEST_SEED=${seed} vitest run --project cluster random`);
    const cluster = await startCluster({
      ...{ nodes: 4, shards: 64, ttlMs },
      env: { LEASEHOLD_DRAIN_TIMEOUT_MS: "3000" },
    });
    const load = cluster.load({ perSecond: 100, ids: 128, deadlineMs: 3_000 });
    await untilServed(cluster, load);
    const inHand = new Set<TestNode>();
    const two = [new Nemesis(cluster, seed, inHand), new Nemesis(cluster, seed + 1, inHand)];
    const endMs = performance.now() + minutes * 60_000;
    try {
      await Promise.all(two.map((one) => one.run(endMs, 2.5 * ttlMs)));
    } finally {
      console.info(two.map((one) => one.done.join(", ")).join("\n"));
    }

    const uncordon = (node: TestNode) =>
      node.ask("POST", `/v1/nodes/${node.nodeId}/uncordon`, undefined, 20_000);
    // Every act has undone itself; a node that has just given up starting is started again.
    await Promise.all(cluster.nodes.map((node) => node.becomeReady(30_000)));
    await cluster.heal();
    await Promise.all(cluster.nodes.map(uncordon));
    const quietMs = performance.now();
    await cluster.verify();
    await untilServed(cluster, load, 128);
    console.info(`in order again after ${(performance.now() - quietMs).toFixed(0)} ms of quiet`);
    const history = await load.stop();
    const failed = load.failures().length;
    console.info(`${history.length} calls, ${failed} of them failed, each with its reason`);
    expect(failed).toBeLessThan(history.length / 2);
    for (const node of cluster.nodes) {
      expect(node.log(100_000).match(/^\s+at .*$/m), "a stack in a log is a defect").toBeNull();
    }
    const selves = await Promise.all(cluster.nodes.map((node) => node.self()));
    expect(selves.filter(({ role }) => role === "coordinator")).toHaveLength(1);
  },
  (minutes + 3) * 60_000,
);
