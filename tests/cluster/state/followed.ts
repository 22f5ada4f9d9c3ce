import { Account, Counter, Register } from "@leasehold/node/entities";
import { type EntityEvent, type ShardingNode, startNode } from "@leasehold/sharding";
import pg from "pg";
import { expect } from "vitest";
import { TcpForward } from "../harness/tcp-forward.ts";
import type { TestCluster } from "../harness.ts";

/** A member of the cluster in this process, whose way to Postgres can be cut. */
export interface Member {
  readonly node: ShardingNode;
  readonly toPostgres: TcpForward;
  stop(): Promise<void>;
}

/** @param ttlMs the cluster's */
export async function join(cluster: TestCluster, nodeId: string, ttlMs: number): Promise<Member> {
  const url = new URL(cluster.databaseUrl);
  const toPostgres = await TcpForward.start(Number(url.port));
  url.hostname = "127.0.0.1";
  url.port = String(toPostgres.port);
  const node = await startNode({
    ...{ databaseUrl: url.href, nodeId, migrate: false, secret: "cluster-test" },
    ...{ entities: [Account, Counter, Register], shards: 32, leaseTtlMs: ttlMs },
  });
  const stop = async () => {
    await node.stop();
    await toPostgres.close();
  };
  return { node, toPostgres, stop };
}

/** What a subscription was given. */
export class Followed {
  readonly #last = new Map<string, number>();
  /** Where the order of an entity was not kept, an event came twice, or one was left out. */
  readonly faults: string[] = [];
  readonly namespaces = new Set<string>();
  count = 0;

  readonly take = (events: readonly EntityEvent[]): void => {
    for (const { entity, version } of events) {
      const name = `${entity.namespace}/${entity.type}/${entity.id}`;
      const before = this.#last.get(name) ?? 0;
      if (version !== before + 1) this.faults.push(`${name}: ${version} after ${before}`);
      this.#last.set(name, version);
      this.namespaces.add(entity.namespace);
    }
    this.count += events.length;
  };

  /** Everything that the journal has of these namespaces, each entity's from the first event on, each once. */
  async expectAll(cluster: TestCluster, namespaces: readonly string[]): Promise<void> {
    expect(this.faults).toEqual([]);
    expect([...this.namespaces].sort()).toEqual([...namespaces].sort());
    const stored = await versionsStored(cluster, namespaces);
    expect(new Map([...this.#last].sort())).toEqual(stored);
    expect(this.count).toBe([...stored.values()].reduce((sum, version) => sum + version, 0));
  }
}

/** The version of each entity, read in the tables. */
async function versionsStored(
  cluster: TestCluster,
  namespaces: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const client = new pg.Client({ connectionString: cluster.databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ name: string; version: number }>(
    `select namespace || '/' || entity_type || '/' || entity_id as name, count(*)::int as version
     from leasehold_default.journal where namespace = any ($1) group by 1`,
    [namespaces],
  );
  await client.end();
  return new Map(rows.map(({ name, version }): [string, number] => [name, version]).sort());
}
