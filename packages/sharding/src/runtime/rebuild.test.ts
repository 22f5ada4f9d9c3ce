import { expect, test } from "vitest";
import { epochBefore } from "../core/claims.ts";
import { ownerOf } from "../core/cluster.ts";
import { MemoryCluster } from "../testkit/memory-cluster.ts";
import { command, defineEntity } from "./entities/definition.ts";

const Counter = defineEntity("counter", {
  state: () => ({ value: 0 }),
  commands: {
    add: command(({ state }) => {
      state.value += 1;
      return state.value;
    }),
  },
});

const names = ["node-1", "node-2", "node-3"];
const ttlMs = 1_000;

/** Three nodes, no state store, and a counter in every shard. */
async function forgetfulCluster(): Promise<MemoryCluster> {
  const cluster = new MemoryCluster({ entities: [Counter], remembers: false, leaseTtlMs: ttlMs });
  for (const name of names) cluster.add(name);
  await cluster.until("every shard is hosted", () => cluster.isAllHosted());
  return cluster;
}

const owners = (cluster: MemoryCluster) => cluster.rows().map((row) => ownerOf(row)?.nodeId ?? "-");
const coordinatorOf = (cluster: MemoryCluster) => cluster.state.coordinator?.nodeId as string;
const add = async (cluster: MemoryCluster, via: string, id: string): Promise<number> => {
  const node = cluster.nodes.get(via)?.node;
  if (node === undefined) throw new Error(`no ${via}`);
  return await cluster.result(node.entity(Counter, id).add());
};

test("a killed coordinator's successor rebuilds the map from claims, and no healthy shard moves", async () => {
  const cluster = await forgetfulCluster();
  const dead = coordinatorOf(cluster);
  const before = owners(cluster);
  const via = names.find((name) => name !== dead) as string;
  for (let i = 0; i < 40; i += 1) await add(cluster, via, `e${i}`);
  const { history, term } = cluster.state;

  cluster.nodes.get(dead)?.kill();
  const ms = await cluster.until(
    "the successor has every shard hosted",
    () => cluster.state.history !== history && cluster.isAllHosted(),
  );

  const after = owners(cluster);
  expect(after).not.toContain(dead);
  expect(after.filter((owner, shard) => before[shard] !== dead && owner !== before[shard])).toEqual(
    [],
  );
  expect(cluster.rows().every((row) => row.epoch > epochBefore(term + 1))).toBe(true);
  // Unclaimed shards waited for as long as a holder that nobody has seen could have served.
  expect(ms).toBeGreaterThanOrEqual(ttlMs);
  // Counters of the healthy nodes counted on; the dead one's, which were in its memory, began anew.
  const counts: number[] = [];
  for (let i = 0; i < 40; i += 1) counts.push(await add(cluster, via, `e${i}`));
  expect(new Set(counts)).toEqual(new Set([1, 2]));
  await cluster.stop();
});

test("the map is the same after one coordinator after another has left", async () => {
  const cluster = await forgetfulCluster();
  for (let i = 0; i < 40; i += 1) await add(cluster, "node-1", `e${i}`);
  for (let round = 0; round < 2; round += 1) {
    const { history } = cluster.state;
    const before = owners(cluster);
    // Only the session ends: the node lives on, and another one or itself leads next.
    const row = cluster.postgres.tables.lease(coordinatorOf(cluster));
    if (row !== null) cluster.postgres.backends.terminate(row.backend);
    await cluster.until(
      "the next coordinator has every shard hosted",
      () => cluster.state.history !== history && cluster.isAllHosted(),
    );
    expect(owners(cluster)).toEqual(before);
  }
  for (let i = 0; i < 40; i += 1) expect(await add(cluster, "node-2", `e${i}`)).toBe(2);
  await cluster.stop();
});
