import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded } from "@leasehold/db/embedded";
import { type NodeOptions, type ShardingNode, startNode } from "@leasehold/sharding";
import pg from "pg";
import type { PeerName } from "../support/options.ts";
import { untilHosted } from "../support/until-hosted.ts";
import { Box, DurablePasser, Eventful, Passer, Tally } from "./tally.ts";

export const schema = "leasehold_default";

/** A PostgreSQL of its own, and nodes in this process: no network between a caller and its entity. */
export interface Scene {
  readonly url: string;
  readonly progress: (line: string) => void;
  /** Joined, and with every shard hosted somewhere. */
  startNode(nodeId: string, options?: Partial<NodeOptions>): Promise<ShardingNode>;
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

export interface MeasureOptions {
  readonly rounds: number;
  readonly peer: PeerName | null;
}

export async function openScene(progress: (line: string) => void): Promise<Scene> {
  const dataDir = await mkdtemp(join(tmpdir(), "leasehold-bench-"));
  const postgres = await startEmbedded({ dataDir, port: 0 });
  const { url } = postgres;
  const client = new pg.Client(url);
  await client.connect();
  return {
    url,
    progress,
    startNode: async (nodeId, options) => {
      const node = await startNode({
        ...{ databaseUrl: url, nodeId, entities: [Tally, Eventful, Box, Passer, DurablePasser] },
        // The heap is looked at meanwhile, which stops everything.
        leaseTtlMs: 30_000,
        ...options,
      });
      await untilHosted(node);
      return node;
    },
    query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await client.query<Row>(text, [...values])).rows,
    close: async () => {
      await client.end();
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Calls `one` for each number below `count`, so many at a time. */
export async function each(
  count: number,
  inFlight: number,
  one: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await one(index);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
}
