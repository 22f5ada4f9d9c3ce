import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded } from "@leasehold/db/embedded";
import { type ShardingNode, startNode } from "@leasehold/sharding";
import type { Bench, Row } from "./support/bench.ts";
import { quantile } from "./support/bench.ts";
import { untilHosted } from "./support/until-hosted.ts";

const nodeCount = 3;

/** Three nodes in this process over the real mesh and a real PostgreSQL. */
async function allocate(
  databaseUrl: string,
  cluster: string,
  shards: number,
): Promise<{ joinedMs: number; hostedMs: number }> {
  const startMs = performance.now();
  const ids = Array.from({ length: nodeCount }, (_, i) => `node-${i + 1}`);
  const nodes = await Promise.all(
    ids.map((nodeId) => startNode({ databaseUrl, cluster, nodeId, shards, entities: [] })),
  );
  const joinedMs = performance.now() - startMs;
  try {
    await untilHosted(nodes[0] as ShardingNode);
    return { joinedMs, hostedMs: performance.now() - startMs };
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
  }
}

export const bench: Bench = {
  title: "from the start of three nodes until every shard is hosted (bound: 10,000 in under 2 s)",
  async run({ rounds = 5, progress }) {
    const dataDir = await mkdtemp(join(tmpdir(), "leasehold-bench-"));
    const postgres = await startEmbedded({ dataDir, port: 0 });
    try {
      const rows: Row[] = [];
      for (const shards of [256, 1_000, 10_000]) {
        const results: number[] = [];
        for (let round = 1; round <= rounds; round += 1) {
          const { joinedMs, hostedMs } = await allocate(
            postgres.url,
            `b${shards}r${round}`,
            shards,
          );
          progress(
            `${shards} shards, round ${round}: joined ${joinedMs.toFixed(0)} ms, hosted ${hostedMs.toFixed(0)} ms`,
          );
          results.push(hostedMs);
        }
        rows.push({
          shards,
          rounds,
          p50Ms: Math.round(quantile(results, 0.5)),
          worstMs: Math.round(Math.max(...results)),
        });
      }
      return rows;
    } finally {
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};
