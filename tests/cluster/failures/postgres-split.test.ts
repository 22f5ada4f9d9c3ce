import { migrate } from "@leasehold/db";
import { afterEach, expect, test } from "vitest";
import { shardsAnswer } from "../harness/answers.ts";
import { FollowedLogs } from "../harness/followed-logs.ts";
import { OwnPostgres } from "../harness/own-postgres.ts";
import { TcpForward } from "../harness/tcp-forward.ts";
import { startCluster, stopAll, type TestNode, waitUntil } from "../harness.ts";
import { judgeRegisters } from "../judge-registers.ts";
import { RegisterLoad } from "../register-load.ts";
import { expectWithin } from "./support.ts";

const ttlMs = 1_000;
afterEach(stopAll);

/**
 * The failover that docs/guarantees.md warns of: nobody fenced the old primary. What is promised then is that
 * each side is sound by itself, and that one of them, whole, is what is left. The cluster's own waits are of
 * no use here: they hold every node to one log.
 */
test("of two primaries both acknowledge, and when the old one is gone all that the new one acknowledged is there", async () => {
  const primary = await OwnPostgres.start();
  await migrate({ database: primary.url, cluster: "default" });
  const standby = await primary.addStandby("asynchronous");
  const addresses = [await TcpForward.start(primary.port), await TcpForward.start(primary.port)];
  const [oldAddress, newAddress] = addresses as [TcpForward, TcpForward];
  const through = ({ port }: TcpForward): string =>
    Object.assign(new URL(primary.url), { port: String(port) }).href;
  try {
    const cluster = await startCluster({ nodes: 1, ttlMs, databaseUrl: through(oldAddress) });
    const left = cluster.node(1);
    const moving = [1, 2].map(() => cluster.addNode({ DATABASE_URL: through(newAddress) }));
    await Promise.all(moving.map((node) => node.start()));
    await Promise.all(moving.map((node) => node.becomeReady()));
    const all = [left, ...moving];
    await untilOwnedBy(all);
    const before = new RegisterLoad(cluster, { clients: 8, ids: 4, prefix: "before" });
    await before.untilAnswered(200);
    await before.pause();
    await primary.waitForStandby();

    const promotedMs = performance.now();
    await standby.promote();
    newAddress.pointTo(standby.port);
    await Promise.all([untilOwnedBy([left]), untilOwnedBy(moving)]);
    expectWithin("both sides served all", performance.now() - promotedMs, 2 * ttlMs + 1_000);
    const lost = new RegisterLoad({ nodes: [left] }, { clients: 4, ids: 4, prefix: "lost" });
    const kept = new RegisterLoad({ nodes: moving }, { clients: 4, ids: 4, prefix: "kept" });
    await Promise.all([lost.untilAnswered(100), kept.untilAnswered(100)]);
    await lost.stop();

    const { incarnation } = await left.self();
    await primary.stop("immediate");
    const stoppedMs = performance.now();
    oldAddress.pointTo(standby.port);
    await untilOwnedBy(all);
    expectWithin("one cluster again", performance.now() - stoppedMs, 3 * ttlMs + 1_000);
    expect((await left.self()).incarnation).not.toBe(incarnation);
    await kept.untilAnswered(100);
    await judgeRegisters(cluster, before, 200);
    await judgeRegisters(cluster, kept, 200);
    expect(await standby.query(`${journal} where entity_id like 'lost-%'`)).toEqual([]);
    await expectOneLog(all);
  } finally {
    await stopAll();
    await Promise.all(addresses.map((address) => address.close()));
    await Promise.all([primary.destroy(), standby.destroy()]);
  }
});

const journal = "select entity_id, version from leasehold_default.journal";

const shardsOf = async (node: TestNode) =>
  shardsAnswer.parse(await node.ask("GET", "/v1/shards?limit=1000"));

/** Each of these nodes says that every shard is served, by these nodes and by all of them. */
async function untilOwnedBy(nodes: readonly TestNode[]): Promise<void> {
  const names = nodes.map(({ nodeId }) => nodeId);
  await waitUntil(`${names.join(" and ")} serve every shard between them`, async () => {
    for (const node of nodes) {
      const { shards } = await shardsOf(node);
      const owners = new Set(
        shards.map(({ owner, state }) => (state === "hosted" ? owner : state)),
      );
      if (owners.size !== names.length || !names.every((name) => owners.has(name))) {
        throw new Error(`${node.nodeId} says: ${[...owners].join(", ")}`);
      }
      if (!(await node.self()).shards.some(({ serving }) => serving)) {
        throw new Error(`${node.nodeId} serves none`);
      }
    }
    return true;
  });
}

/** S7 for what is left, as somebody reads it who has seen nothing before. */
async function expectOneLog(nodes: readonly TestNode[]): Promise<void> {
  const logs = new FollowedLogs();
  for (const node of nodes) {
    await waitUntil(`the log of ${node.nodeId} gives the shards that it shows`, async () => {
      for (const one of nodes) await logs.follow(one);
      const { seq, shards } = await shardsOf(node);
      return logs.expectShards(node.nodeId, seq, shards);
    });
  }
}
