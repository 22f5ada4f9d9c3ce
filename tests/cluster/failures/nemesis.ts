import pg from "pg";
import { InvariantViolation } from "../harness/invariant-violation.ts";
import type { TestCluster, TestNode } from "../harness.ts";

/** Ends what an act began. */
type Undo = () => Promise<unknown> | unknown;

/** What makes owners overlap: they die, stand still, or hear nobody. */
export const killFreezeAndCut = [
  "kill",
  "freeze",
  "isolate",
  "cut one way",
  "cut from Postgres",
] as const;

/** Numbers from 0 up to 1 that a seed decides (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/**
 * Troubles a cluster from a seed: one node after the other is killed, stopped, frozen, cut off, slowed
 * down or asked to move its shards, for a random time each. Several may run at once; none takes a node
 * that another has in hand.
 */
export class Nemesis {
  readonly done: string[] = [];
  readonly #cluster: TestCluster;
  readonly #random: () => number;
  readonly #inHand: Set<TestNode>;
  readonly #only: readonly string[] | null;

  /** @param only of its acts. @default all */
  constructor(
    cluster: TestCluster,
    seed: number,
    inHand: Set<TestNode>,
    only?: readonly (typeof killFreezeAndCut)[number][],
  ) {
    this.#only = only ?? null;
    this.#cluster = cluster;
    this.#random = randomOf(seed);
    this.#inHand = inHand;
  }

  /** Acts until `endMs` (performance.now), and has undone everything when it returns. */
  async run(endMs: number, troubleMs: number): Promise<void> {
    while (performance.now() < endMs) {
      const node = this.#one(this.#cluster.nodes.filter((one) => !this.#inHand.has(one)));
      if (node === undefined) {
        await this.#wait("a node is free", 100);
        continue;
      }
      this.#inHand.add(node);
      try {
        if (node.isRunning) await this.#trouble(node, troubleMs);
        else await this.#bringBack(node);
      } finally {
        this.#inHand.delete(node);
      }
    }
  }

  async #trouble(node: TestNode, troubleMs: number): Promise<void> {
    const acts = Object.entries(this.#acts);
    const chosen = acts.filter(([known]) => this.#only?.includes(known) !== false);
    const [name, act] = this.#one(chosen) as [string, Act];
    this.done.push(`${name} ${node.nodeId}`);
    try {
      const undo = await act(node);
      await this.#wait(`${name} has lasted`, this.#random() * troubleMs);
      await undo();
    } catch (error) {
      if (error instanceof InvariantViolation) throw error;
      // One that was started while others were in trouble may give up: the next act starts it again.
      await this.#cluster
        .waitUntil(`${node.nodeId} has ended`, () => !node.isRunning, { timeoutMs: 10_000 })
        .catch(() => {
          throw error;
        });
      this.done.push(`${node.nodeId} had given up starting`);
    }
  }

  readonly #acts: Readonly<Record<string, Act>> = {
    kill: async (node) => {
      await node.kill();
      return () => this.#bringBack(node);
    },
    leave: async (node) => {
      await node.stop();
      return () => this.#bringBack(node);
    },
    freeze: (node) => {
      node.freeze();
      return () => node.thaw();
    },
    isolate: async (node) => {
      await this.#cluster.isolate(node);
      return () => node.heal();
    },
    "cut one way": async (node) => {
      const other = this.#one(this.#cluster.nodes.filter((one) => one !== node)) as TestNode;
      await this.#cluster.cut(other, node);
      return () => node.heal();
    },
    "cut from Postgres": async (node) => {
      const direction = this.#one(["both", "in", "out"] as const) ?? "both";
      await this.#cluster.cutPostgres(node, direction);
      return () => node.heal();
    },
    "slow Postgres": async (node) => {
      const delayMs = 1 + Math.floor(this.#random() * 300);
      await node.fault({ kind: "slow-postgres", delayMs });
      return () => node.heal();
    },
    "end the lease session": async (node) => {
      await terminateLease(this.#cluster.databaseUrl, node.nodeId);
      return () => undefined;
    },
    "move shards": async (node) => {
      await this.#moveSomeTo(node).catch(refusedIsFine);
      return () => undefined;
    },
    drain: async (node) => {
      await node.ask("POST", `/v1/nodes/${node.nodeId}/drain`).catch(refusedIsFine);
      return () => node.ask("POST", `/v1/nodes/${node.nodeId}/uncordon`).catch(refusedIsFine);
    },
  };

  async #moveSomeTo(node: TestNode): Promise<void> {
    const { shards } = (await node.ask("GET", "/v1/shards?limit=1000")) as {
      shards: { group: string; shard: number; owner: string }[];
    };
    const moves = shards
      .filter(({ owner }) => owner !== node.nodeId && this.#random() < 0.3)
      .map(({ group, shard }) => ({ group, shard, to: node.nodeId }));
    if (moves.length === 0) return;
    const plan = (await node.ask("POST", "/v1/plans", { kind: "move", moves })) as {
      planId: string;
    };
    await node.ask("POST", `/v1/plans/${plan.planId}/apply`);
  }

  async #bringBack(node: TestNode): Promise<void> {
    // It becomes ready in its own time, or gives up: while others are in trouble nobody may let it in.
    await node.start().catch(() => undefined);
    const isBack = async (): Promise<boolean> => !node.isRunning || (await node.checkReady());
    await this.#cluster
      .waitUntil(`${node.nodeId} is ready`, isBack, { timeoutMs: 3_000 })
      .catch((error: unknown) => {
        if (error instanceof InvariantViolation) throw error;
      });
  }

  async #wait(sentence: string, ms: number): Promise<void> {
    const startMs = performance.now();
    await this.#cluster.waitUntil(sentence, () => performance.now() - startMs >= ms, {
      timeoutMs: ms + 10_000,
    });
  }

  #one<T>(all: readonly T[]): T | undefined {
    return all[Math.floor(this.#random() * all.length)];
  }
}

type Act = (node: TestNode) => Promise<Undo> | Undo;

/** While others are in trouble an operator's command may find no coordinator, or a plan that is stale. */
const refusedIsFine = (): undefined => undefined;

async function terminateLease(databaseUrl: string, nodeId: string): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    await client.query(
      "select pg_terminate_backend(backend_pid) from leasehold_default.leases where node_id = $1",
      [nodeId],
    );
  } finally {
    await client.end();
  }
}
