import { afterAll, afterEach, beforeEach } from "vitest";
import { type ClusterOptions, startCluster, stopAll, type TestCluster } from "./harness.ts";

/**
 * One cluster for the tests of a file: each finds every node up, healed and with its share of the shards,
 * whatever the one before it did, and ends with a look at all invariants. After a failed test the next one
 * gets a new cluster.
 *
 * @param options a function is called in the first test, when a `beforeAll` has made what they need.
 * @returns what gives a test the cluster.
 */
export function shareCluster(
  options: ClusterOptions | (() => ClusterOptions) = {},
): () => TestCluster {
  let cluster: TestCluster | null = null;
  const giveUp = async (): Promise<void> => {
    cluster?.showLogs();
    cluster = null;
    await stopAll();
  };
  beforeEach(async () => {
    if (cluster !== null) return await cluster.restore();
    cluster = await startCluster(typeof options === "function" ? options() : options);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") return await giveUp();
    await cluster?.verify().catch(async (error: unknown) => {
      await giveUp();
      throw error;
    });
  });
  afterAll(() => stopAll());
  return () => {
    if (cluster === null) throw new Error("There is a cluster in tests only.");
    return cluster;
  };
}
