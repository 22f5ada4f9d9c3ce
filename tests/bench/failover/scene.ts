import pg from "pg";
import { OwnPostgres } from "../../cluster/harness/own-postgres.ts";
import { startCluster, type TestCluster } from "../../cluster/harness.ts";
import { quantile } from "../support/bench.ts";
import type { Floor } from "./rows.ts";
import { Witness } from "./witness.ts";

/** The default. @unit milliseconds */
export const ttlMs = 5_000;
const stableWithinMs = 120_000;

/** Three nodes, their own PostgreSQL, and the witness that asks them; all other settings are the defaults. */
export interface Scene {
  readonly shards: number;
  readonly postgres: OwnPostgres;
  readonly cluster: TestCluster;
  readonly witness: Witness;
  readonly progress: (line: string) => void;
  close(): Promise<void>;
}

export async function openScene(shards: number, progress: (line: string) => void): Promise<Scene> {
  const postgres = await OwnPostgres.start();
  let cluster: TestCluster | null = null;
  try {
    const databaseUrl = postgres.url;
    cluster = await startCluster({ nodes: 3, shards, ttlMs, databaseUrl, stableWithinMs });
    const started = cluster;
    const witness = await Witness.start({ cluster, shards, ttlMs });
    await witness.settled();
    const close = async (): Promise<void> => {
      await witness.node.stop();
      await started.destroy();
      await postgres.destroy();
    };
    return { shards, postgres, cluster, witness, progress, close };
  } catch (error) {
    await cluster?.destroy();
    await postgres.destroy();
    throw error;
  }
}

/**
 * The least that a take-over waits for, by a bare client of the same server: the lock, one written row, and
 * a read of every shard.
 */
export async function takeOverFloor({ postgres }: Scene): Promise<Floor> {
  const client = new pg.Client(postgres.url);
  await client.connect();
  try {
    const times: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const startMs = performance.now();
      await client.query("select pg_try_advisory_lock(1)");
      await client.query("update leasehold_default.coordinator set seq = seq where one = 0");
      await client.query("select shard, state, epoch, owner_node_id from leasehold_default.shards");
      times.push(performance.now() - startMs);
      await client.query("select pg_advisory_unlock(1)");
    }
    return { name: "bare lock and rows", ms: quantile(times, 0.5) };
  } finally {
    await client.end();
  }
}
