import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded } from "@leasehold/db/embedded";
import { startCluster, stopAll, type TestCluster, waitUntil } from "../cluster/harness.ts";
import { pick } from "../cluster/support.ts";
import { type Bench, quantile, type Row } from "./support/bench.ts";

const shardCount = 256;
const entityCount = 256;

type Role = "candidate" | "coordinator";

/**
 * Kills one node of three and asks every entity that lived on it, over and over, until each has answered
 * from elsewhere. Default settings: ttl 5 s, proof of death by the host.
 */
async function killOnce(
  cluster: TestCluster,
  role: Role,
): Promise<{ readonly ms: number; readonly lost: number }> {
  const victim = await pick(cluster, role);
  const others = cluster.nodes.filter((node) => node !== victim);
  const homes = await Promise.all(
    Array.from({ length: entityCount }, async (_, i) => ({
      id: `e${i}`,
      home: await ask(others[i % 2]?.url ?? "", `e${i}`),
    })),
  );
  const lost = homes.filter(({ home }) => home === victim.nodeId).map(({ id }) => id);
  const startMs = performance.now();
  const exit = victim.kill();
  await Promise.all(
    lost.map((id, i) => untilAnswered(others[i % 2]?.url ?? "", id, victim.nodeId)),
  );
  const ms = performance.now() - startMs;
  await exit;
  await victim.start();
  await victim.becomeReady();
  await cluster.waitForStableOwnership({ timeoutMs: 60_000 });
  return { ms, lost: lost.length };
}

async function ask(url: string, id: string): Promise<string | null> {
  const response = await fetch(`${url}/v1/entities/counter/${id}/add`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"by":1}',
  });
  const answer = (await response.json()) as { servedBy?: { nodeId: string } };
  return answer.servedBy?.nodeId ?? null;
}

const untilAnswered = (url: string, id: string, victim: string): Promise<boolean> =>
  waitUntil(
    `${id} answers elsewhere`,
    async () => {
      const home = await ask(url, id);
      return home !== null && home !== victim;
    },
    { timeoutMs: 30_000, everyMs: 5 },
  );

export const bench: Bench = {
  title:
    "SIGKILL of a node until every entity that lived on it answers elsewhere (bounds: p50 300 ms, worst 1000 ms)",
  async run({ rounds = 20, progress }) {
    const dataDir = await mkdtemp(join(tmpdir(), "leasehold-bench-"));
    const postgres = await startEmbedded({ dataDir, port: 0 });
    const rows: Row[] = [];
    try {
      const cluster = await startCluster({
        nodes: 3,
        shards: shardCount,
        ttlMs: 5_000,
        databaseUrl: postgres.url,
      });
      for (const role of ["candidate", "coordinator"] as const) {
        const times: number[] = [];
        for (let round = 1; round <= rounds; round += 1) {
          const { ms, lost } = await killOnce(cluster, role);
          times.push(ms);
          progress(`${role} ${round}/${rounds}: ${ms.toFixed(0)} ms, ${lost} entities`);
        }
        rows.push({
          killed: role,
          rounds,
          p50Ms: Math.round(quantile(times, 0.5)),
          worstMs: Math.round(Math.max(...times)),
        });
      }
    } finally {
      await stopAll();
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
    return rows;
  },
};
