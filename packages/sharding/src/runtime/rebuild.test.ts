import { expect, test } from "vitest";
import { epochBefore } from "../core/claims.ts";
import { CounterCluster } from "./fixtures/counter.ts";

const ttlMs = 1_000;

/** Three nodes, no state store, and a counter in every shard. */
async function forgetfulCluster(): Promise<CounterCluster> {
  const cluster = new CounterCluster({ remembers: false, leaseTtlMs: ttlMs });
  await cluster.start(3);
  return cluster;
}

const coordinatorOf = (cluster: CounterCluster) => cluster.state.coordinator?.nodeId as string;

test("a killed coordinator's successor rebuilds the map from claims, and no healthy shard moves", async () => {
  const cluster = await forgetfulCluster();
  const dead = coordinatorOf(cluster);
  const before = cluster.owners();
  const via = [...cluster.nodes.keys()].find((name) => name !== dead) as string;
  for (let i = 0; i < 40; i += 1) await cluster.result(cluster.count(via, `e${i}`));
  const { history, term } = cluster.state;

  cluster.nodeOf(dead).kill();
  const ms = await cluster.until(
    "the successor has every shard hosted",
    () => cluster.state.history !== history && cluster.isAllHosted(),
  );

  const after = cluster.owners();
  expect(after).not.toContain(dead);
  expect(after.filter((owner, shard) => before[shard] !== dead && owner !== before[shard])).toEqual(
    [],
  );
  expect(cluster.rows().every((row) => row.epoch > epochBefore(term + 1))).toBe(true);
  // Unclaimed shards waited for as long as a holder that nobody has seen could have served.
  expect(ms).toBeGreaterThanOrEqual(ttlMs);
  // Counters of the healthy nodes counted on; the dead one's, which were in its memory, began anew.
  const counts: number[] = [];
  for (let i = 0; i < 40; i += 1) counts.push(await cluster.result(cluster.count(via, `e${i}`)));
  expect(new Set(counts)).toEqual(new Set([1, 2]));
  await cluster.stop();
});

test("the map is the same after one coordinator after another has left", async () => {
  const cluster = await forgetfulCluster();
  for (let i = 0; i < 40; i += 1) await cluster.result(cluster.count("node-1", `e${i}`));
  for (let round = 0; round < 2; round += 1) {
    const { history } = cluster.state;
    const before = cluster.owners();
    // Only the session ends: the node lives on, and another one or itself leads next.
    const row = cluster.postgres.tables.lease(coordinatorOf(cluster));
    if (row !== null) cluster.postgres.backends.terminate(row.backend);
    await cluster.until(
      "the next coordinator has every shard hosted",
      () => cluster.state.history !== history && cluster.isAllHosted(),
    );
    expect(cluster.owners()).toEqual(before);
  }
  for (let i = 0; i < 40; i += 1)
    expect(await cluster.result(cluster.count("node-2", `e${i}`))).toBe(2);
  await cluster.stop();
});
