import { migrate } from "@leasehold/db";
import { afterEach, expect, test } from "vitest";
import { OwnPostgres } from "../harness/own-postgres.ts";
import { TcpForward } from "../harness/tcp-forward.ts";
import { startCluster, stopAll } from "../harness.ts";
import { judgeRegisters } from "../judge-registers.ts";
import { RegisterLoad } from "../register-load.ts";
import { expectWithin, untilServed } from "./support.ts";

/** So long that every lease would still hold when the standby leads: only its timeline ends them. */
const ttlMs = 6_000;
afterEach(stopAll);

test("a promoted standby ends every lease, and the same history goes on without a lost entry or answer", async () => {
  const primary = await OwnPostgres.start();
  await migrate({ database: primary.url, cluster: "default" });
  const standby = await primary.addStandby();
  const forward = await TcpForward.start(primary.port);
  try {
    const url = new URL(primary.url);
    url.port = String(forward.port);
    const cluster = await startCluster({ ttlMs, databaseUrl: url.href });
    const load = cluster.load({ perSecond: 100, ids: 64, deadlineMs: 3_000 });
    const registers = new RegisterLoad(cluster, { clients: 8, ids: 4, prefix: "failover" });
    await untilServed(cluster, load);
    await registers.untilAnswered(200);
    const before = await cluster.cluster();
    const lives = new Set(before.nodes.map(({ incarnation }) => incarnation));
    await cluster.verify();

    await primary.stop("immediate");
    const stoppedMs = performance.now();
    await standby.promote();
    forward.pointTo(standby.port);
    expect(performance.now() - stoppedMs, "or the leases ran out by themselves").toBeLessThan(
      0.8 * ttlMs,
    );
    const isServedAnew = async (): Promise<boolean> => {
      const { nodes, shards, history } = await cluster.cluster();
      expect(history).toBe(before.history);
      const isNew = nodes.every(
        ({ incarnation, state }) => state === "up" && !lives.has(incarnation),
      );
      return isNew && shards.hosted === shards.total;
    };
    await cluster.waitUntil("every node has taken a new life and serves", isServedAnew, {
      timeoutMs: 4 * ttlMs,
    });
    await untilServed(cluster, load);
    expectWithin("served after the failover", performance.now() - stoppedMs, 2 * ttlMs + 1_000);
    await load.stop();
    await registers.untilAnswered(100);
    await judgeRegisters(cluster, registers, 300);
    await cluster.verify();
  } finally {
    await stopAll();
    await forward.close();
    await Promise.all([primary.destroy(), standby.destroy()]);
  }
}, 120_000);
