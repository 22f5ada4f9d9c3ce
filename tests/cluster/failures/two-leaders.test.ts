import pg from "pg";
import { expect, test } from "vitest";
import { z } from "zod";
import type { TestCluster, TestNode } from "../harness.ts";
import { shareCluster } from "../share-cluster.ts";
import { coordinatorAndOthers, expectWithin, homesOf, rounds, untilServed } from "./support.ts";

// Whatever the machine does meanwhile, the old leader has to be asked within its lease.
const ttlMs = 3_000;
/** A lease is renewed each sixth of its ttl, and its holder stops a tenth before its end. */
const surelyHeldMs = ttlMs - ttlMs / 6 - ttlMs / 10;
const shared = shareCluster({ ttlMs });
const planAnswer = z.object({ planId: z.string(), state: z.string() });

/**
 * The server ends the lease session of a coordinator that is stopped: the lock is free at once, so another
 * node leads within the ttl in which the old one, awake again, still has every reason to believe that it does.
 */
test("of two nodes that believe they lead, the old one changes nothing when it wakes up", async () => {
  const cluster = shared();
  const load = cluster.load({ perSecond: 100, ids: 64, deadlineMs: 5_000 });
  await untilServed(cluster, load);
  for (let round = 0; round < rounds(2, 20); round += 1) {
    const [old, second, third] = await coordinatorAndOthers(cluster);
    const { term } = await old.self();
    const { shard, planId } = await proposeMove(cluster, second, third);

    old.freeze();
    const frozenMs = performance.now();
    // It finds these in its sockets when it wakes, and still believes that they are its to decide.
    const asked = [
      old.ask("POST", `/v1/plans/${planId}/apply`),
      old.ask("POST", `/v1/nodes/${third.nodeId}/cordon`),
      old.ask("POST", `/v1/nodes/${third.nodeId}/uncordon`),
    ].map((answer) => answer.catch((error: unknown) => error));
    await endLeaseSession(cluster.databaseUrl, old.nodeId);
    await untilAnotherLeads(cluster, old, term);
    const electedMs = performance.now() - frozenMs;
    old.thaw();
    const stoppedMs = performance.now() - frozenMs;
    expectWithin("the lock was taken after", electedMs, 150);
    console.info(`it was stopped for ${stoppedMs.toFixed(0)} ms of a ttl of ${ttlMs}`);
    expect(stoppedMs, "it woke up within its lease").toBeLessThan(surelyHeldMs);
    await Promise.all(asked);
    // What the old one had not taken goes to its successor, each by itself: the cordon may have come last.
    await second.ask("POST", `/v1/nodes/${third.nodeId}/uncordon`);

    await cluster.waitForStableOwnership();
    await expectNothingOfTerm(cluster, term);
    // Whoever applied the plan, the shard went where it says or stayed, and everybody agrees.
    const now = homesOf(await cluster.shards()).find((one) => one.shard === shard);
    expect([second.nodeId, third.nodeId]).toContain(now?.owner);
    await untilServed(cluster, load);
  }
  await load.stop();
});

test("a coordinator that hears neither Postgres nor its peers commits nothing of what it is asked, though it believes that it leads", async () => {
  const cluster = shared();
  for (let round = 0; round < rounds(1, 10); round += 1) {
    const [old, second, third] = await coordinatorAndOthers(cluster);
    const { term } = await old.self();
    const { shard, planId } = await proposeMove(cluster, second, third);
    // What it sends still leaves: only Postgres can refuse it.
    await cluster.isolate(old);
    await cluster.cutPostgres(old, "in");
    await endLeaseSession(cluster.databaseUrl, old.nodeId);
    await untilAnotherLeads(cluster, old, term);
    const applied = old
      .ask("POST", `/v1/plans/${planId}/apply`)
      .catch((error: unknown) => error as Error);
    // Asked behind it on another connection, with the new leader at work: there are two now.
    expect(await old.self()).toMatchObject({ role: "coordinator", term });
    await cluster.waitUntil("the old one has given up", async () => {
      return (await old.self()).role === "candidate";
    });
    expect(await applied).toBeInstanceOf(Error);
    await old.heal();

    await cluster.waitForStableOwnership();
    await expectNothingOfTerm(cluster, term);
    const { state } = planAnswer.parse(await second.ask("GET", `/v1/plans/${planId}`));
    expect(state).toBe("proposed");
    const { owner } = (await cluster.shards()).find((one) => one.shard === shard) ?? {};
    expect(owner).toBe(second.nodeId);
    await cluster.restore();
  }
});

/** A plan, not applied, that moves one shard of `from` to `to`. */
async function proposeMove(cluster: TestCluster, from: TestNode, to: TestNode) {
  const { shard = 0 } = (await cluster.shards()).find((one) => one.owner === from.nodeId) ?? {};
  const moves = [{ group: "default", shard, to: to.nodeId }];
  const answer = await from.ask("POST", "/v1/plans", { kind: "move", moves });
  return { shard, planId: planAnswer.parse(answer).planId };
}

async function untilAnotherLeads(cluster: TestCluster, old: TestNode, term: number) {
  const others = cluster.nodes.filter((node) => node !== old);
  await cluster.waitUntil("another node leads", async () => {
    const selves = await Promise.all(others.map((node) => node.self()));
    return selves.some((self) => self.role === "coordinator" && self.term > term);
  });
}

/** In the log of every node, no entry of that term or an earlier one follows the next election. */
async function expectNothingOfTerm(cluster: TestCluster, term: number): Promise<void> {
  await cluster.invariants.readLogs(cluster.nodes);
  const { entries } = cluster.invariants.logs;
  const election = entries.findIndex(
    (entry) => entry.type === "coordinator-elected" && entry.term > term,
  );
  expect(election).toBeGreaterThan(0);
  expect(entries.slice(election).filter((entry) => entry.term <= term)).toEqual([]);
}

async function endLeaseSession(databaseUrl: string, nodeId: string): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    const { rowCount } = await client.query(
      `select pg_terminate_backend(backend_pid)
       from leasehold_default.leases where node_id = $1`,
      [nodeId],
    );
    expect(rowCount).toBe(1);
  } finally {
    await client.end();
  }
}
