import { expect, test } from "vitest";
import { MemoryLeaseRecords } from "../adapters/memory/memory-lease-records.ts";
import { ownerOf } from "../core/cluster.ts";
import type { LeaseRecords } from "../ports/lease.ts";
import { MemoryCluster } from "../testkit/memory-cluster.ts";
import { RecordLease } from "./record-lease.ts";

const ttlMs = 1_000;

/** Three nodes whose coordinator is chosen by another lease than Postgres', and how often it was granted. */
async function running() {
  const shared = new MemoryLeaseRecords();
  const dead = new Set<string>();
  const granted: string[] = [];
  const cluster = new MemoryCluster({
    ...{ entities: [], leaseTtlMs: ttlMs },
    coordinatorLease: ({ holder: { nodeId, incarnation }, clock }) => {
      const through = <T>(call: Promise<T>): Promise<T> =>
        dead.has(nodeId) ? new Promise(() => undefined) : call;
      const records: LeaseRecords = {
        read: () => through(shared.read()),
        write: (record, expected) => {
          if (record.holder !== "" && record.holder !== expected?.holder) granted.push(nodeId);
          return dead.has(nodeId) ? through(shared.read()) : shared.write(record, expected);
        },
      };
      return new RecordLease({ records, holder: incarnation, ttlMs, clock });
    },
  });
  for (const name of ["node-1", "node-2", "node-3"]) cluster.add(name);
  await cluster.until("every shard is hosted", () => cluster.isAllHosted());
  const leader = () => cluster.state.coordinator?.nodeId as string;
  const kill = (nodeId: string) => {
    dead.add(nodeId);
    cluster.nodes.get(nodeId)?.kill();
  };
  return { cluster, granted, leader, kill };
}

const owners = (cluster: MemoryCluster) => cluster.rows().map((row) => ownerOf(row)?.nodeId);

test("a coordinator chosen by a lease that the user gives leads, and its lock in Postgres stays free", async () => {
  const { cluster, granted, leader } = await running();
  expect(granted).toContain(leader());
  expect(cluster.state.term).toBe(1);
  const holder = { nodeId: "probe", incarnation: "probe-1" };
  const session = await cluster.result(
    cluster.postgres.sessions({}).open({ holder, ttlMs, timeoutMs: ttlMs }),
  );
  expect(await cluster.result(session.tryLock("coordinator"))).toBe(true);
  await cluster.stop();
});

test("when its lease goes, another one leads, and no shard moves", async () => {
  const { cluster, leader, kill } = await running();
  const first = leader();
  const before = owners(cluster);
  // The process dies with its grant; nobody gives the record back.
  kill(first);
  const ms = await cluster.until("another one leads", () => leader() !== first);
  expect(ms).toBeGreaterThan(0.8 * ttlMs);
  await cluster.until("the dead node's shards are hosted elsewhere", () => {
    return !owners(cluster).includes(first) && cluster.isAllHosted();
  });
  const moved = owners(cluster).filter((owner, i) => before[i] !== first && owner !== before[i]);
  expect(moved).toEqual([]);
  await cluster.stop();
});

test("a coordinator that leaves gives its lease back: the next one need not wait", async () => {
  const { cluster, leader } = await running();
  const first = leader();
  void cluster.nodes.get(first)?.node.stop();
  const ms = await cluster.until("another one leads", () => leader() !== first);
  cluster.nodes.delete(first);
  expect(ms).toBeLessThan(ttlMs / 4);
  await cluster.stop();
});
