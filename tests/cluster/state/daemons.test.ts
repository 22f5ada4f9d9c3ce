import { fileURLToPath } from "node:url";
import type { DaemonView } from "@leasehold/sharding";
import { createClient } from "@leasehold/sharding/client";
import { expect, test } from "vitest";
import { expectWithin, untilPassed } from "../failures/support.ts";
import type { TestCluster, TestNode } from "../harness.ts";
import { query, schema } from "../query.ts";
import { shareCluster } from "../share-cluster.ts";

const program = fileURLToPath(new URL("../fixtures/daemons.ts", import.meta.url));
const ttlMs = 1_000;
const clusterOf = shareCluster({ shards: 6, ttlMs, env: { LEASEHOLD_ENTITIES: program } });

/** Workers as the nodes that run them see them. */
async function running(cluster: TestCluster, daemon: string): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  for (const node of cluster.nodes.filter(({ isAwake }) => isAwake)) {
    const view = await viewOf(node, daemon);
    for (const { index, state } of view.here) {
      if (state === "running") found.set(index, node.nodeId);
    }
  }
  return found;
}

async function viewOf(node: TestNode, daemon: string): Promise<DaemonView> {
  const { daemons } = (await node.ask("GET", "/v1/daemons")) as { daemons: DaemonView[] };
  const view = daemons.find((it) => it.daemon === daemon);
  if (view === undefined) throw new Error(`${node.nodeId} knows no daemon ${daemon}.`);
  return view;
}

const untilAllRun = (cluster: TestCluster, daemon: string, count: number) =>
  cluster.waitUntil(
    `${count} workers of ${daemon} run`,
    async () => {
      const now = await running(cluster, daemon);
      return now.size === count && Math.max(-1, ...now.keys()) === count - 1;
    },
    { everyMs: 20 },
  );

interface Began {
  readonly worker: string;
  readonly fence: number;
  readonly at: string;
}

/** Runs of each worker, in the order in which they first wrote. */
const runs = (cluster: TestCluster): Promise<Began[]> =>
  query<Began>(
    cluster,
    `select entity_id as worker, (event #>> '{data,fence}')::int as fence, event #>> '{data,at}' as at
     from ${schema}.journal where entity_type = 'shift' and event ->> 'type' = 'began' order by entity_id, version`,
  );

async function order(cluster: TestCluster, worker: number, what: string): Promise<void> {
  const client = createClient({ nodes: cluster.nodes.map((node) => node.url) });
  await client.ask({ type: "shift", id: `worker-${worker}`, command: "order", input: what });
}

const runsOf = async (cluster: TestCluster, worker: number): Promise<Began[]> =>
  (await runs(cluster)).filter((run) => run.worker === `worker-${worker}`);

async function expectFencesRise(cluster: TestCluster): Promise<void> {
  for (const own of Map.groupBy(await runs(cluster), ({ worker }) => worker).values()) {
    const fences = own.map(({ fence }) => fence);
    expect(fences).toEqual([...new Set(fences)].toSorted((a, b) => a - b));
  }
}

test("six workers on three nodes: all run within the ttl when a node is killed", async () => {
  const cluster = clusterOf();
  await untilAllRun(cluster, "crew", 6);
  const before = await running(cluster, "crew");
  const killed = cluster.node(2);
  expect([...before.values()].filter((nodeId) => nodeId === killed.nodeId)).toHaveLength(2);
  await killed.kill();
  const atMs = performance.now();
  await untilAllRun(cluster, "crew", 6);
  expectWithin("all six run again after a kill", performance.now() - atMs, ttlMs);
  const after = await running(cluster, "crew");
  for (const [index, nodeId] of before) {
    if (nodeId !== killed.nodeId) expect(after.get(index), `worker ${index}`).toBe(nodeId);
  }
  await expectFencesRise(cluster);
});

test.each(["hang", "throw"])("a worker that is told to %s is replaced elsewhere", async (what) => {
  const cluster = clusterOf();
  await untilAllRun(cluster, "crew", 6);
  const before = await runsOf(cluster, 3);
  await order(cluster, 3, what);
  const atMs = performance.now();
  await cluster.waitUntil("it runs elsewhere", async () => {
    const now = await runsOf(cluster, 3);
    return now.length > before.length;
  });
  expectWithin(`a worker that is told to ${what} runs elsewhere`, performance.now() - atMs, ttlMs);
  const now = await runsOf(cluster, 3);
  expect(now.at(-1)?.at).not.toBe(before.at(-1)?.at);
  const [vacated] = await query<{ why: string }>(
    cluster,
    `select body ->> 'why' as why from ${schema}.cluster_log
     where type = 'shard-vacated' order by seq desc limit 1`,
  );
  expect(vacated?.why).toMatch(what === "hang" ? /no sign of life/ : /it threw: as ordered/);
  await expectFencesRise(cluster);
});

test("a frozen node's workers run elsewhere meanwhile, and write nothing when it wakes", async () => {
  const cluster = clusterOf();
  await untilAllRun(cluster, "crew", 6);
  const frozen = cluster.node(3);
  const lost = [...(await running(cluster, "crew"))].filter(([, at]) => at === frozen.nodeId);
  expect(lost.length).toBeGreaterThan(0);
  const counts = async (): Promise<number[]> =>
    await Promise.all(lost.map(async ([index]) => (await runsOf(cluster, index)).length));
  const before = await counts();
  frozen.freeze();
  await cluster.waitUntil("each has a new run", async () => {
    const now = await counts();
    return now.every((count, i) => count > (before[i] as number));
  });
  frozen.thaw();
  await frozen.becomeReady();
  await untilPassed(cluster, 500);
  await untilAllRun(cluster, "crew", 6);
  await expectFencesRise(cluster);
});

test("a daemon is scaled from 1 to 1,000 workers and back while the cluster runs", async () => {
  const cluster = clusterOf();
  await untilAllRun(cluster, "crowd", 1);
  const scale = (workers: number) =>
    cluster.node(1).ask("POST", "/v1/daemons/crowd/scale", { workers });
  const startMs = performance.now();
  await scale(1_000);
  await untilAllRun(cluster, "crowd", 1_000);
  expectWithin("1,000 workers run", performance.now() - startMs, 2_000);
  const perNode = Map.groupBy((await running(cluster, "crowd")).values(), (nodeId) => nodeId);
  const counts = [...perNode.values()].map((list) => list.length);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
  await scale(2);
  await untilAllRun(cluster, "crowd", 2);
});
