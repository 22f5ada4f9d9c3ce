import { afterAll, beforeAll, expect, test } from "vitest";
import { OwnPostgres } from "../harness/own-postgres.ts";
import { shareCluster } from "../share-cluster.ts";
import { expectWithin, homesOf, rounds, untilPassed, untilServed } from "./support.ts";

// The ttl is the subject: a restart has to fit into half of it.
const ttlMs = 5_000;
let postgres: OwnPostgres;
beforeAll(async () => {
  postgres = await OwnPostgres.start();
});
const shared = shareCluster(() => ({ ttlMs, databaseUrl: postgres.url }));
afterAll(() => postgres.destroy());

const isLease = "application_name like 'lease %'";
/** What happens, and how many lease sessions it ends. */
const breaks: Readonly<Record<string, readonly [ends: number, happen: () => Promise<unknown>]>> = {
  "a fast restart": [3, () => postgres.stop("fast").then(() => postgres.start())],
  "an immediate stop and a start with recovery": [
    3,
    () => postgres.stop("immediate").then(() => postgres.start()),
  ],
  "a kill -9 of one backend, which ends every session": [
    3,
    async () => {
      const [one] = await postgres.query<{ pid: number }>(
        `select pid from pg_stat_activity where ${isLease} limit 1`,
      );
      process.kill(one?.pid ?? Number.NaN, "SIGKILL");
    },
  ],
  "the end of a lease session by an operator": [
    1,
    () =>
      postgres.query(
        `select pg_terminate_backend(pid) from (select pid from pg_stat_activity where ${isLease} limit 1) one`,
      ),
  ],
  "the end of every lease session at once": [
    3,
    () => postgres.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${isLease}`),
  ],
};

const sessions = async (): Promise<readonly number[]> =>
  (
    await postgres.query<{ pid: number }>(
      "select backend_pid as pid from leasehold_default.leases where state = 'alive'",
    )
  ).map(({ pid }) => pid);

for (const [what, [ends, happen]] of Object.entries(breaks)) {
  test(`${what} moves no shard, ends no life and fails no request`, async () => {
    const cluster = shared();
    const load = cluster.load({ perSecond: 100, ids: 64, deadlineMs: 5_000 });
    await untilServed(cluster, load, 100);
    for (let round = 0; round < rounds(1, 10); round += 1) {
      const before = homesOf(await cluster.shards());
      const former = await sessions();
      const startMs = performance.now();
      await happen();
      await cluster.waitUntil("every lease has a session again", async () => {
        const now = await sessions();
        return now.length === 3 && now.filter((pid) => !former.includes(pid)).length >= ends;
      });
      const awayMs = performance.now() - startMs;
      expectWithin(`${what}: every lease has a session after`, awayMs, ttlMs / 2);
      // Beyond its bound nothing is promised.
      if (awayMs > ttlMs / 2) continue;
      await untilPassed(cluster, 1_000);
      expect(homesOf(await cluster.shards())).toEqual(before);
    }
    await load.stop();
    expect(load.failures()).toEqual([]);
  });
}
