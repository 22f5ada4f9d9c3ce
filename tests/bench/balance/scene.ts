import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded } from "@leasehold/db/embedded";
import {
  command,
  defineEntity,
  type NodeOptions,
  type ShardingNode,
  startNode,
} from "@leasehold/sharding";
import { untilHosted } from "../support/until-hosted.ts";
import type { Popularity } from "./popularity.ts";

/** @unit milliseconds */
const workMs = 0.3;

/** A handler that computes: it keeps the thread. */
export const Clerk = defineEntity("clerk", {
  state: () => ({ done: 0 }),
  commands: {
    work: command(({ state }) => {
      state.done += 1;
      for (const endMs = performance.now() + workMs; performance.now() < endMs; );
      return state.done;
    }),
    add: command(({ state }) => {
      state.done += 1;
      return state.done;
    }),
  },
});

/** Nodes in this process over the real mesh, and a PostgreSQL of their own. */
export interface Scene {
  readonly databaseUrl: string;
  /** A whole cluster, every shard hosted. */
  cluster(name: string, count: number, options: Partial<NodeOptions>): Promise<ShardingNode[]>;
  close(): Promise<void>;
}

export async function openScene(): Promise<Scene> {
  const dataDir = await mkdtemp(join(tmpdir(), "leasehold-bench-"));
  const postgres = await startEmbedded({ dataDir, port: 0 });
  const started: ShardingNode[] = [];
  return {
    databaseUrl: postgres.url,
    cluster: async (cluster, count, options) => {
      const ids = Array.from({ length: count }, (_, i) => `node-${i + 1}`);
      // Others on the machine may stop everything for seconds.
      const common = {
        databaseUrl: postgres.url,
        cluster,
        entities: [Clerk],
        leaseTtlMs: 30_000,
        ...options,
      };
      const nodes = await Promise.all(ids.map((nodeId) => startNode({ ...common, nodeId })));
      started.push(...nodes);
      await untilHosted(nodes[0] as ShardingNode);
      return nodes;
    },
    close: async () => {
      await Promise.all(started.map((node) => node.stop()));
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Of all requests, by shard. */
export async function ratesOf(
  node: ShardingNode,
  { ids, parts }: Popularity,
): Promise<ReadonlyMap<number, number>> {
  const rates = new Map<number, number>();
  for (const [i, id] of ids.entries()) {
    const { shard } = await node.look({ type: "clerk", id });
    rates.set(shard, (rates.get(shard) ?? 0) + (parts[i] ?? 0));
  }
  return rates;
}

/** Home of each shard, by this node's copy of the log. */
export function homesOf(node: ShardingNode): readonly (string | null)[] {
  const rows = node.authority().state.shards.get("default") ?? [];
  return rows.map((row) => (row.state === "unallocated" ? null : row.owner.nodeId));
}

/** What the busiest of the nodes gets, against the mean. */
export function spreadOf(
  rates: ReadonlyMap<number, number>,
  homes: readonly (string | null)[],
  nodes: number,
): number {
  const loads = new Map<string | null, number>();
  for (const [shard, rate] of rates) {
    const home = homes[shard] ?? null;
    loads.set(home, (loads.get(home) ?? 0) + rate);
  }
  return Math.max(...loads.values()) * nodes;
}

/** Moves that were made. */
export function movesOf(node: ShardingNode): number {
  const plans = [...node.authority().state.plans.values()];
  return plans.flatMap(({ progress }) => progress).filter(({ state }) => state === "done").length;
}
