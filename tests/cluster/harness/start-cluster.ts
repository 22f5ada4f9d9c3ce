import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate } from "@leasehold/db";
import type { TestDatabase } from "@leasehold/db/testing";
import { type ClusterOptions, TestCluster } from "./cluster.ts";

const running = new Set<TestCluster>();

/** A cluster of real processes on a database of its own. Ready when it returns. */
export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const { databaseUrl } = options;
  const database =
    databaseUrl === undefined ? await ownDatabase() : { url: databaseUrl, drop: async () => {} };
  const directory = await mkdtemp(join(tmpdir(), "leasehold-cluster-"));
  const cluster = new TestCluster(database, directory, options);
  running.add(cluster);
  await migrate({ database: database.url, cluster: "default" });
  const nodes = Array.from({ length: options.nodes ?? 3 }, () => cluster.addNode());
  await Promise.all(nodes.map((node) => node.start()));
  await Promise.all(nodes.map((node) => node.becomeReady()));
  await cluster.waitForStableOwnership({ timeoutMs: options.stableWithinMs ?? 20_000 });
  return cluster;
}

/** Only inside vitest: benchmarks bring a database, and must not load a test runner. */
async function ownDatabase(): Promise<TestDatabase> {
  const { createTestDatabase } = await import("@leasehold/db/testing");
  return await createTestDatabase();
}

/**
 * For `afterEach(stopAll)`: no process, no database and no load outlives its test.
 *
 * @param context vitest's; of a failed test the nodes' last lines are shown.
 */
export async function stopAll(context?: {
  readonly task: { readonly result?: { readonly state: string } };
}) {
  const clusters = [...running];
  running.clear();
  if (context?.task.result?.state === "fail") for (const cluster of clusters) cluster.showLogs();
  for (const cluster of clusters) await cluster.destroy();
}
