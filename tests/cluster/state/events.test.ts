import { Account } from "@leasehold/node/entities";
import { type Client, createClient } from "@leasehold/sharding/client";
import { afterEach, expect, test } from "vitest";
import { rounds, untilPassed } from "../failures/support.ts";
import { outcomeOf } from "../harness/outcome.ts";
import { startCluster, stopAll, type TestCluster } from "../harness.ts";
import { Followed, join, type Member } from "./followed.ts";

/** The long form: 100,000 events, and a cut of a minute (`pnpm test:nightly`). */
const count = rounds(1_000, 100_000);
/** Longer than a statement may take: what was asked before the cut fails. */
const cutMs = rounds(6_000, 60_000);
const timeoutMs = rounds(60_000, 600_000);
const ids = Array.from({ length: 50 }, (_, index) => `account-${index}`);

const members: Member[] = [];

afterEach(async (context) => {
  for (const member of members.splice(0)) await member.stop();
  await stopAll(context);
});

const joined = async (cluster: TestCluster, ttlMs = 1_000): Promise<Member> => {
  const member = await join(cluster, `follower-${members.length + 1}`, ttlMs);
  members.push(member);
  return member;
};

/** Deposits at the three nodes, under keys, so that each takes effect once whatever happens meanwhile. */
class Publishers {
  readonly done: Promise<unknown>;
  acknowledged = 0;
  #isOver = false;
  #sent = 0;

  constructor(cluster: TestCluster, deposits: number) {
    const client = createClient({ nodes: () => cluster.nodes.map((node) => node.url) });
    const publish = async (): Promise<void> => {
      while (!this.#isOver && this.#sent < deposits) {
        const number = this.#sent;
        this.#sent += 1;
        await this.#deposit(client, number);
      }
    };
    this.done = Promise.all(Array.from({ length: 32 }, publish));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.done;
  }

  async #deposit(client: Client, number: number): Promise<void> {
    const id = ids[number % ids.length] as string;
    for (;;) {
      const request = { type: "account", id, command: "deposit", input: { amount: 1 } };
      const outcome = await outcomeOf(client.ask({ ...request, key: `deposit-${number}` }));
      if (outcome.tag === "failed") continue;
      this.acknowledged += 1;
      return;
    }
  }
}

const perSecond = (events: number, sinceMs: number): string =>
  `${Math.round((1_000 * events) / (performance.now() - sinceMs))} events/s`;

test(
  `${count} events are stored at three nodes while others follow them: none is lost, none reordered, and no namespace sees another's`,
  async () => {
    const ttlMs = 5_000;
    const cluster = await startCluster({ nodes: 3, ttlMs });
    const [first, second] = [await joined(cluster, ttlMs), await joined(cluster, ttlMs)];
    const all = [new Followed(), new Followed()];
    const [other, both, one] = [new Followed(), new Followed(), new Followed()];
    await first.node.subscribe({}, (all[0] as Followed).take);
    await second.node.subscribe({ types: ["account"] }, (all[1] as Followed).take);
    await second.node.subscribe({ namespace: "other" }, other.take);
    await first.node.subscribe({ namespace: ["other", "default"] }, both.take);
    await first.node.subscribe({ entity: { type: "account", id: ids[7] as string } }, one.take);
    const startMs = performance.now();
    const publishers = new Publishers(cluster, count);
    for (let n = 0; n < 50; n += 1) {
      const options = { namespace: "other", key: `other-${n}` };
      await second.node.entity(Account, ids[n % 5] as string, options).deposit({ amount: 1 });
    }
    await publishers.done;
    await cluster.waitUntil(
      "every subscriber has everything",
      () =>
        all.every((followed) => followed.count >= count) &&
        other.count >= 50 &&
        both.count >= count + 50 &&
        one.count >= count / ids.length,
      { timeoutMs },
    );
    console.info(`stored and followed by 5 subscriptions meanwhile: ${perSecond(count, startMs)}`);
    for (const followed of all) await followed.expectAll(cluster, ["default"]);
    await other.expectAll(cluster, ["other"]);
    await both.expectAll(cluster, ["default", "other"]);
    expect([one.count, one.faults]).toEqual([count / ids.length, []]);

    const late = new Followed();
    const caughtUpMs = performance.now();
    await second.node.subscribe({}, late.take, { from: "start" });
    await cluster.waitUntil("it has caught up", () => late.count >= count, { timeoutMs });
    console.info(`caught up from the start: ${perSecond(count, caughtUpMs)}`);
    await late.expectAll(cluster, ["default"]);
  },
  2 * timeoutMs,
);

test(
  `a subscriber whose node is cut from Postgres and from all others for ${cutMs / 1_000} s catches up`,
  async () => {
    const cluster = await startCluster({ nodes: 3 });
    const { node, toPostgres } = await joined(cluster);
    const followed = new Followed();
    await node.subscribe({}, followed.take);
    const publishers = new Publishers(cluster, Number.POSITIVE_INFINITY);
    await cluster.waitUntil("it follows", () => followed.count > 100);

    toPostgres.cut();
    const cut = { kind: "cut-link", peer: node.nodeId, ttlMs: 600_000 };
    for (const member of cluster.nodes) await member.fault(cut);
    await cluster.waitUntil("it has lost its lease", () => !node.isReady());
    const [had, stored] = [followed.count, publishers.acknowledged];
    await untilPassed(cluster, cutMs);
    expect(followed.count).toBe(had);
    await cluster.waitUntil("others store meanwhile", () => publishers.acknowledged > stored + 100);

    const missed = publishers.acknowledged - had;
    const healedMs = performance.now();
    toPostgres.heal();
    await cluster.heal();
    await cluster.waitUntil("it goes on", () => followed.count > had + missed, { timeoutMs });
    console.info(
      `caught up with ${missed} events ${(performance.now() - healedMs).toFixed(0)} ms after the heal`,
    );
    await publishers.stop();
    await cluster.waitUntil("it has everything", () => followed.count >= publishers.acknowledged, {
      timeoutMs,
    });
    await followed.expectAll(cluster, ["default"]);
    expect(followed.count).toBe(publishers.acknowledged);
    await cluster.waitUntil("it takes part again", () => node.isReady());
    const versions = await Promise.all(ids.map((id) => node.latestVersion(Account, id)));
    expect(versions.reduce((sum, version) => sum + version, 0)).toBe(followed.count);
  },
  cutMs + 2 * timeoutMs,
);
