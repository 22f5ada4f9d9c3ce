import { Account, Counter, Register } from "@leasehold/node/entities";
import { type ShardingNode, startNode } from "@leasehold/sharding";
import { shardOf } from "@leasehold/sharding/observe";
import type { TestCluster, TestNode } from "../../cluster/harness.ts";
import { waitUntil } from "../../cluster/harness.ts";

export interface WitnessOptions {
  readonly cluster: TestCluster;
  readonly shards: number;
  /** @unit milliseconds */
  readonly ttlMs: number;
}

interface Home {
  readonly nodeId: string | null;
  readonly epoch: number;
}

/**
 * A node of the cluster in this process, which serves nothing and never leads. It sees the cluster's log
 * and asks entities over the mesh: thousands of questions at once cost it a few milliseconds, where as many
 * HTTP requests would take longer than most of what is measured.
 */
export class Witness {
  readonly node: ShardingNode;
  /** Of a shard, an entity that lives there. */
  readonly ids: readonly string[];
  readonly #cluster: TestCluster;

  private constructor(node: ShardingNode, ids: readonly string[], cluster: TestCluster) {
    this.node = node;
    this.ids = ids;
    this.#cluster = cluster;
  }

  static async start({ cluster, shards, ttlMs }: WitnessOptions): Promise<Witness> {
    const node = await startNode({
      databaseUrl: cluster.databaseUrl,
      nodeId: "witness",
      entities: [Counter, Account, Register],
      shards,
      leaseTtlMs: ttlMs,
      secret: "cluster-test",
      // Its share is less than one shard.
      weight: 1e-6,
      coordinatorLease: () => ({ acquire: async () => null }),
    });
    return new Witness(node, idsPerShard(shards), cluster);
  }

  /** The shards that a node owns by the log. */
  shardsOf(nodeId: string): readonly number[] {
    return this.homes().flatMap((home, shard) => (home.nodeId === nodeId ? [shard] : []));
  }

  coordinator(): TestNode {
    const { coordinator } = this.node.authority().state;
    if (coordinator === null) throw new Error("Nobody leads.");
    return this.#cluster.nodeById(coordinator.nodeId);
  }

  candidate(): TestNode {
    const found = this.#cluster.nodes.find((node) => node !== this.coordinator());
    if (found === undefined) throw new Error("There is no candidate.");
    return found;
  }

  /** Who owns each shard, and under which epoch. */
  homes(): readonly Home[] {
    const rows = this.node.authority().state.shards.get("default") ?? [];
    return rows.map((row) => ({
      nodeId: row.state === "unallocated" ? null : row.owner.nodeId,
      epoch: row.epoch,
    }));
  }

  /** Every shard hosted, every node with its share, and nothing changes any more. */
  settled(): Promise<void> {
    return this.#unchanged("every node has its share, and nothing changes", () => {
      return this.#isQuiet() && this.#isBalanced();
    });
  }

  /** Every shard hosted, whoever is there, and nothing changes any more. */
  quiet(): Promise<void> {
    return this.#unchanged("every shard is hosted, and nothing changes", () => this.#isQuiet());
  }

  /** Every node's counter has moved since now. */
  async leased(): Promise<void> {
    const askedMs = performance.now();
    await waitUntil("every node renews its lease", () => {
      const passedMs = performance.now() - askedMs;
      const { leaseAgeMs } = this.node.authority();
      return this.#cluster.nodes.every(
        ({ nodeId }) => (leaseAgeMs.get(nodeId) ?? Infinity) < passedMs,
      );
    });
  }

  async #unchanged(sentence: string, isSo: () => boolean): Promise<void> {
    let since = { seq: -1, ms: 0 };
    await waitUntil(
      sentence,
      () => {
        const { seq } = this.node.authority().state;
        const holds = isSo();
        if (!holds || seq !== since.seq) since = { seq, ms: performance.now() };
        return holds && performance.now() - since.ms >= 500;
      },
      { timeoutMs: 120_000 },
    );
  }

  #isQuiet(): boolean {
    const { shards, plans } = this.node.authority().state;
    const rows = shards.get("default") ?? [];
    const isHosted = rows.every((row) => row.state === "hosted");
    return isHosted && [...plans.values()].every((plan) => plan.state !== "applying");
  }

  #isBalanced(): boolean {
    const { nodes } = this.node.authority().state;
    const least = Math.floor(this.ids.length / this.#cluster.nodes.length) - 1;
    return this.#cluster.nodes.every(
      ({ nodeId }) => nodes.get(nodeId)?.state === "up" && this.shardsOf(nodeId).length >= least,
    );
  }
}

/** One id per shard, by trying names until each shard has one. */
function idsPerShard(shards: number): readonly string[] {
  const ids = new Map<number, string>();
  for (let i = 0; ids.size < shards; i += 1) {
    const id = `e${i}`;
    const shard = shardOf("default", "counter", id, shards);
    if (!ids.has(shard)) ids.set(shard, id);
  }
  return Array.from({ length: shards }, (_, shard) => ids.get(shard) as string);
}
