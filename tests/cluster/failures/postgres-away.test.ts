import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OwnPostgres } from "../harness/own-postgres.ts";
import { judgeRegisters } from "../judge-registers.ts";
import { RegisterLoad } from "../register-load.ts";
import { shareCluster } from "../share-cluster.ts";
import { expectWithin, homesOf, untilPassed, untilServed } from "./support.ts";

const ttlMs = 1_000;
let postgres: OwnPostgres;
beforeAll(async () => {
  postgres = await OwnPostgres.start();
});
const shared = shareCluster(() => ({ ttlMs, databaseUrl: postgres.url }));
afterAll(() => postgres.destroy());

test("while Postgres stands still no node serves longer than its lease, and all serve when it goes on", async () => {
  const cluster = shared();
  const load = cluster.load({ perSecond: 200, ids: 64, deadlineMs: 1_000 });
  const registers = new RegisterLoad(cluster, { clients: 6, ids: 6, prefix: "frozen" });
  await untilServed(cluster, load, 100);
  await registers.untilAnswered(100);
  const before = await cluster.shards();
  postgres.freeze();
  const frozenMs = performance.now();
  await cluster.waitUntil("nobody serves", async () => {
    const selves = await Promise.all(cluster.nodes.map((node) => node.self()));
    return selves.every(({ shards }) => shards.every(({ serving }) => !serving));
  });
  await untilPassed(cluster, 2 * ttlMs);
  const thawedMs = performance.now();
  postgres.thaw();
  await untilServed(cluster, load);
  expectWithin("served again after", performance.now() - thawedMs, ttlMs + 1_000);
  const history = await load.stop();
  const stale = history.filter(
    ({ outcome, startMs, endMs }) =>
      outcome.tag === "ok" && startMs > frozenMs + ttlMs && endMs < thawedMs,
  );
  expect(stale).toEqual([]);
  await registers.untilAnswered(100);
  await judgeRegisters(cluster, registers, 200);
  await cluster.waitForStableOwnership();
  const epochs = new Map((await cluster.shards()).map(({ shard, epoch }) => [shard, epoch]));
  expect(before.every(({ shard, epoch }) => (epochs.get(shard) ?? 0) >= epoch)).toBe(true);
});

test("with every connection of the server taken, leases are renewed and no shard moves", async () => {
  const cluster = shared();
  const load = cluster.load({ perSecond: 100, ids: 64, deadlineMs: 3_000 });
  const registers = new RegisterLoad(cluster, { clients: 6, ids: 6, prefix: "crowded" });
  await untilServed(cluster, load);
  await registers.untilAnswered(100);
  const before = homesOf(await cluster.shards());
  const hogs: pg.Client[] = [];
  try {
    await cluster.waitUntil("no connection is left", async () => {
      const some = Array.from({ length: 20 }, () => new pg.Client(postgres.url));
      for (const client of some) client.on("error", () => undefined);
      const results = await Promise.allSettled(some.map((client) => client.connect()));
      hogs.push(...some.filter((_, i) => results[i]?.status === "fulfilled"));
      return results.some((result) => result.status === "rejected");
    });
    await untilPassed(cluster, 2 * ttlMs);
    await registers.untilAnswered(100);
    expect(homesOf(await cluster.shards())).toEqual(before);
  } finally {
    await Promise.all(hogs.map((client) => client.end()));
  }
  console.info(`${hogs.length} connections were all that was left`);
  await judgeRegisters(cluster, registers, 200);
  await load.stop();
  expect(load.failures()).toEqual([]);
});
