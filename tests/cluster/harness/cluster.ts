import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { TestDatabase } from "@leasehold/db/testing";
import { compileCache } from "@leasehold/node/workspace";
import {
  type ClusterAnswer,
  clusterAnswer,
  type SelfAnswer,
  type ShardAnswer,
  shardsAnswer,
} from "./answers.ts";
import { Invariants } from "./invariants.ts";
import { type LoadOptions, SteadyLoad } from "./steady-load.ts";
import { TestNode } from "./test-node.ts";
import { type WaitOptions, waitUntil } from "./wait-until.ts";

export interface ClusterOptions {
  /** @default 3 */
  readonly nodes?: number;
  /** @default 32 */
  readonly shards?: number;
  /** @unit milliseconds @default 1000 */
  readonly ttlMs?: number;
  /** For every node. */
  readonly env?: NodeJS.ProcessEnv;
  /** An empty database to use. @default one of its own on the server of the vitest run */
  readonly databaseUrl?: string;
  /** How long the first homes may take. @unit milliseconds @default 20000 */
  readonly stableWithinMs?: number;
}

/** Longer than any test: a fault ends when its test heals it. @unit milliseconds */
const faultMs = 600_000;

export class TestCluster {
  readonly databaseUrl: string;
  /** Judged inside every wait of the cluster. */
  readonly invariants = new Invariants();
  readonly #database: TestDatabase;
  readonly #directory: string;
  readonly #options: ClusterOptions;
  readonly #nodes: TestNode[] = [];
  readonly #loads: SteadyLoad[] = [];
  #loadsBegun = 0;

  constructor(database: TestDatabase, directory: string, options: ClusterOptions) {
    this.databaseUrl = database.url;
    this.#database = database;
    this.#directory = directory;
    this.#options = options;
  }

  /** `node-1` is 1. */
  node(index: number): TestNode {
    const node = this.#nodes[index - 1];
    if (node === undefined) throw new Error(`There is no node-${index}.`);
    return node;
  }

  nodeById(nodeId: string): TestNode {
    const node = this.#nodes.find((one) => one.nodeId === nodeId);
    if (node === undefined) throw new Error(`There is no ${nodeId}.`);
    return node;
  }

  get nodes(): readonly TestNode[] {
    return this.#nodes;
  }

  /** The next node, not started yet. */
  addNode(env: NodeJS.ProcessEnv = {}): TestNode {
    const nodeId = `node-${this.#nodes.length + 1}`;
    const { shards = 32, ttlMs = 1_000 } = this.#options;
    const node = new TestNode({
      nodeId,
      logFile: join(this.#directory, `${nodeId}.log`),
      env: {
        ...process.env,
        DATABASE_URL: this.databaseUrl,
        LEASEHOLD_CLUSTER: "default",
        LEASEHOLD_NODE_ID: nodeId,
        LEASEHOLD_SHARDS: String(shards),
        LEASEHOLD_LEASE_TTL_MS: String(ttlMs),
        LEASEHOLD_FAULTS: "on",
        LEASEHOLD_SECRET: "cluster-test",
        NODE_COMPILE_CACHE: compileCache,
        ...this.#options.env,
        ...env,
      },
    });
    this.#nodes.push(node);
    return node;
  }

  /** {@link waitUntil}, while the invariants hold. @throws {InvariantViolation} at once when one does not. */
  async waitUntil<T>(
    sentence: string,
    fn: () => T | Promise<T>,
    options: WaitOptions = {},
  ): Promise<NonNullable<T>> {
    const meanwhile = (): void => this.invariants.look(this.#loads, this.#awake());
    return await waitUntil(sentence, fn, { ...options, meanwhile });
  }

  /** Stops what comes from one node to the other. The other direction stays. @returns the fault's id at `to`. */
  async cut(from: TestNode, to: TestNode): Promise<string> {
    return await to.fault({ kind: "cut-link", peer: from.nodeId, direction: "in", ttlMs: faultMs });
  }

  /** Cuts one node off from every other, both ways, but not from Postgres. */
  async isolate(node: TestNode): Promise<void> {
    for (const other of this.#nodes.filter((one) => one !== node)) {
      await node.fault({ kind: "cut-link", peer: other.nodeId, ttlMs: faultMs });
    }
  }

  /** `out`: what the node sends does not arrive. `in`: it hears nothing. */
  async cutPostgres(node: TestNode, direction: "both" | "in" | "out" = "both"): Promise<void> {
    await node.fault({ kind: "cut-postgres", direction, ttlMs: faultMs });
  }

  /** SIGKILL when the node comes to that step of the protocol (docs/faults.md). */
  async crashAt(node: TestNode, step: string): Promise<void> {
    await node.fault({ kind: "crash-at", step, ttlMs: faultMs });
  }

  /** Ends every fault of every node that is awake. */
  async heal(): Promise<void> {
    await Promise.all(this.#awake().map((node) => node.heal()));
  }

  /**
   * For the end of a scenario: everybody serves what the log says, each node's log is one and the same, and
   * its replay gives the shards that each node shows.
   *
   * @throws {InvariantViolation}
   */
  async verify(): Promise<void> {
    await this.waitForStableOwnership({ timeoutMs: 30_000 });
    for (const node of this.#awake()) {
      await this.waitUntil(`the log of ${node.nodeId} gives the shards that it shows`, async () => {
        const { seq, shards } = shardsAnswer.parse(await node.ask("GET", "/v1/shards?limit=10000"));
        await this.invariants.readLogs(this.#awake());
        return this.invariants.logs.expectShards(node.nodeId, seq, shards);
      });
    }
    this.invariants.look(this.#loads, []);
  }

  self(index: number): Promise<SelfAnswer> {
    return this.node(index).self();
  }

  /** `GET /v1/cluster` of the first node that answers, or of the one given. */
  async cluster(index?: number): Promise<ClusterAnswer> {
    return clusterAnswer.parse(await this.#ask("/v1/cluster", index));
  }

  /**
   * Undoes what a test did: ends loads, thaws, heals and uncordons, removes nodes that were added, starts those that
   * ended, and waits until each has its share of the shards.
   */
  async restore(): Promise<void> {
    await Promise.all(this.#loads.splice(0).map((load) => load.abort()));
    const first = this.#options.nodes ?? 3;
    await Promise.all(this.#nodes.splice(first).map((node) => node.destroy()));
    const alive = this.#nodes.filter((node) => node.isRunning);
    for (const node of alive) node.thaw();
    await Promise.all(alive.map((node) => node.heal()));
    const ended = this.#nodes.filter((node) => !node.isRunning);
    await Promise.all(ended.map((node) => node.start()));
    await Promise.all(this.#nodes.map((node) => node.becomeReady()));
    // Of a cordon and an uncordon that were under way together the cordon may have come last.
    for (const { nodeId, cordoned, state } of (await this.cluster()).nodes) {
      if (cordoned && state === "up")
        await this.node(1).ask("POST", `/v1/nodes/${nodeId}/uncordon`);
    }
    for (const { group, shard, pinned } of await this.shards()) {
      if (pinned) await this.node(1).ask("POST", `/v1/shards/${group}/${shard}/unpin`);
    }
    await this.waitUntil(
      "every node has its share",
      async () => {
        const { nodes, shards } = await this.cluster();
        const up = nodes.filter((node) => node.state === "up");
        const share = Math.floor(shards.total / first) - 1;
        return up.length === first && up.every((node) => !node.cordoned && node.shards >= share);
      },
      { timeoutMs: 20_000 },
    );
    await this.waitForStableOwnership();
  }

  /** All shards, as one node knows them. */
  async shards(index?: number): Promise<readonly ShardAnswer[]> {
    const all: ShardAnswer[] = [];
    for (let after: string | null = ""; after !== null; ) {
      const query: string = after === "" ? "" : `&after=${encodeURIComponent(after)}`;
      const page = shardsAnswer.parse(await this.#ask(`/v1/shards?limit=10000${query}`, index));
      all.push(...page.shards);
      after = page.next;
    }
    return all;
  }

  /**
   * Calls at a steady rate to the nodes that are, or have been, ready. It ends with the test at the latest.
   *
   * @param via the nodes to ask. @default all
   */
  load(options: LoadOptions, via: readonly TestNode[] = this.#nodes): SteadyLoad {
    const urls = () => via.filter((node) => node.wasReady).map((node) => node.url);
    const prefix = `load-${++this.#loadsBegun}`;
    const load = new SteadyLoad(urls, { prefix, ...options });
    this.#loads.push(load);
    return load;
  }

  /**
   * Every shard is hosted, each owner believes exactly that, and nothing changes for 300 ms.
   *
   * @returns the shards as they stay.
   */
  async waitForStableOwnership(options: WaitOptions = {}): Promise<readonly ShardAnswer[]> {
    let stableSince: { readonly seq: number; readonly atMs: number } | null = null;
    return await this.waitUntil(
      "every shard has a home that serves it, and stays there",
      async () => {
        const { seq, shards } = await this.cluster();
        const why =
          shards.hosted === shards.total ? await this.#disagreement() : JSON.stringify(shards);
        if (why !== null) {
          stableSince = null;
          throw new Error(why);
        }
        if (stableSince?.seq !== seq) stableSince = { seq, atMs: performance.now() };
        return performance.now() - stableSince.atMs >= 300 ? await this.shards() : null;
      },
      { timeoutMs: 20_000, ...options },
    );
  }

  showLogs(): void {
    for (const node of this.#nodes) {
      process.stderr.write(`\n--- the end of ${node.nodeId}'s log\n${node.log(30)}\n`);
    }
  }

  async destroy(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.abort()));
    await Promise.all(this.#nodes.map((node) => node.destroy()));
    await this.#database.drop();
    await rm(this.#directory, { recursive: true });
  }

  /** Where a node's belief and the shards' rows part; null where they agree. */
  async #disagreement(): Promise<string | null> {
    const rows = await this.shards();
    const believed = new Set<string>();
    for (const node of this.#awake()) {
      const { nodeId, incarnation, shards } = await node.self();
      for (const { group, shard, epoch, serving } of shards) {
        if (serving) believed.add(`${group}/${shard} at ${epoch} by ${nodeId} ${incarnation}`);
      }
    }
    const owned = rows.map(
      (row) => `${row.group}/${row.shard} at ${row.epoch} by ${row.owner} ${row.incarnation}`,
    );
    const missing = owned.find((line) => !believed.has(line));
    if (missing !== undefined) return `nobody believes to serve ${missing}`;
    return believed.size > owned.length ? "somebody serves a shard that is another's" : null;
  }

  #awake(): readonly TestNode[] {
    return this.#nodes.filter((node) => node.isAwake);
  }

  async #ask(path: string, index?: number): Promise<unknown> {
    if (index !== undefined) return await this.node(index).ask("GET", path);
    const alive = this.#awake();
    return await Promise.any(alive.map((node) => node.ask("GET", path)));
  }
}
