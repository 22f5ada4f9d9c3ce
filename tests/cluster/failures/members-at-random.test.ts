import { afterEach, expect, test } from "vitest";
import { expectNothingLost } from "../expect-history.ts";
import { startCluster, stopAll, type TestCluster, type TestNode } from "../harness.ts";
import { randomOf } from "./nemesis.ts";
import { expectWithin, rounds, untilPassed, untilServed } from "./support.ts";

const seconds = rounds(15, 120);
const seed = Number(process.env["LEASEHOLD_TEST_SEED"] ?? Date.now() % 1_000_000);

afterEach(stopAll);

test(
  `ten nodes that join and leave at random for ${seconds} s lose no state and do nothing twice`,
  async () => {
    console.info(
      `to repeat it: LEASEHOLD_TEST_SEED=${seed} vitest run --project cluster members-at-random`,
    );
    // Nodes that start take the processors from those that serve: with 1 s that alone can end a lease.
    const cluster = await startCluster({ nodes: 3, shards: 64, ttlMs: 3_000 });
    while (cluster.nodes.length < 10) cluster.addNode();
    const load = cluster.load({ perSecond: 50, ids: 64 });
    await untilServed(cluster, load);
    const members = new Members(cluster);
    const endMs = performance.now() + seconds * 1_000;
    try {
      await members.change([randomOf(seed), randomOf(seed + 1)], endMs);
    } finally {
      console.info(members.done.join(", "));
    }
    await cluster.verify();
    await untilServed(cluster, load, 64);
    const history = await load.stop();
    const counts = { joined: members.count("+"), left: members.count("-") };
    expectNothingLost(history);
    console.info(`${JSON.stringify(counts)}, ${history.length} calls`);
    expectWithin("the slowest left in", members.slowestLeaveMs, 2_000);
    expect(Math.min(counts.joined, counts.left), "or nothing was tried").toBeGreaterThan(1);
  },
  (seconds + 120) * 1_000,
);

/** Lets nodes come and go, a few at a time; two at least stay. */
class Members {
  /** `+node-4` joined, `-node-2` left. */
  readonly done: string[] = [];
  slowestLeaveMs = 0;
  readonly #cluster: TestCluster;
  readonly #inHand = new Set<TestNode>();
  #hasFailed = false;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  count(sign: "+" | "-"): number {
    return this.done.filter((one) => one.startsWith(sign)).length;
  }

  /** As many at a time as there are sources of chance. What one of them throws ends all. */
  async change(randoms: readonly (() => number)[], endMs: number): Promise<void> {
    const ends = await Promise.allSettled(randoms.map((random) => this.#change(random, endMs)));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  async #change(random: () => number, endMs: number): Promise<void> {
    while (performance.now() < endMs && !this.#hasFailed) {
      const free = this.#cluster.nodes.filter((node) => !this.#inHand.has(node));
      const chosen = free[Math.floor(random() * free.length)] as TestNode;
      this.#inHand.add(chosen);
      try {
        if (!chosen.isRunning) await this.#join(chosen);
        else if (free.filter(({ isRunning }) => isRunning).length > 2) await this.#leave(chosen);
      } catch (error) {
        this.#hasFailed = true;
        throw error;
      } finally {
        this.#inHand.delete(chosen);
      }
      await untilPassed(this.#cluster, random() * 300);
    }
  }

  async #join(node: TestNode): Promise<void> {
    await node.start();
    await this.#cluster.waitUntil(`${node.nodeId} is ready`, () => node.checkReady(), {
      timeoutMs: 20_000,
    });
    this.done.push(`+${node.nodeId}`);
  }

  async #leave(node: TestNode): Promise<void> {
    let ended: { readonly code: number | null; readonly tookMs: number } | null = null;
    const exit = node.stop().then((one) => {
      ended = one;
      return one;
    });
    await this.#cluster.waitUntil(`${node.nodeId} has left`, () => ended, { timeoutMs: 30_000 });
    const { code, tookMs } = await exit;
    expect(code, `the exit of ${node.nodeId}`).toBe(0);
    this.slowestLeaveMs = Math.max(this.slowestLeaveMs, tookMs);
    this.done.push(`-${node.nodeId}`);
  }
}
