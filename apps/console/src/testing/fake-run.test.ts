import { applyEntries, emptyCluster, type LogEntry } from "@leasehold/sharding/observe";
import { afterEach, expect, test, vi } from "vitest";
import { type FakeCluster, startFakeCluster } from "./fake-run.ts";

const running: FakeCluster[] = [];
afterEach(async () => {
  for (const it of running.splice(0)) await it.stop();
});

async function start(options: Parameters<typeof startFakeCluster>[0]): Promise<FakeCluster> {
  const cluster = await startFakeCluster(options);
  running.push(cluster);
  return cluster;
}

/** The log as a stranger reads it: without a gap, in order of time, and it folds to the state. */
function expectSound({ authority }: FakeCluster): void {
  const { entries } = authority;
  expect(entries.map((it) => it.seq)).toEqual(entries.map((_, index) => index + 1));
  expect(entries.map((it) => it.at)).toEqual(entries.map((it) => it.at).toSorted());
  expect(applyEntries(emptyCluster(authority.history), entries)).toEqual(authority.state);
}

const countOwned = ({ authority }: FakeCluster, nodeId: string): number =>
  [...authority.state.shards.values()]
    .flat()
    .filter((row) => row.state !== "unallocated" && row.owner.nodeId === nodeId).length;

test("an invented past is whole handoffs, one entry a millisecond, and ends now", async () => {
  const cluster = await start({ nodes: 5, shards: 100, pastEvents: 30_000 });
  const { entries } = cluster.authority;
  expectSound(cluster);
  const past = entries.slice(-30_000);
  expect(past.filter((it) => it.type === "handoff-began")).toHaveLength(10_000);
  const at = (it: LogEntry | undefined): number => Date.parse(it?.at ?? "");
  expect(at(past.at(-1)) - at(past[0])).toBe(29_999);
  expect(Math.abs(Date.now() - at(past.at(-1)))).toBeLessThan(10_000);
  for (const node of cluster.nodes) {
    expect(node.shards.size).toBe(countOwned(cluster, node.nodeId));
    expect(node.shards.size).toBe(cluster.authority.owned(node.nodeId));
  }
});

test("commits are spread over time and stamped with it, at the rate that was asked for", async () => {
  const cluster = await start({ nodes: 10, shards: 1000, changesPerSecond: 1000 });
  const { authority } = cluster;
  await vi.waitFor(() => expect(authority.entries.length).toBeGreaterThan(5_000), 20_000);
  expectSound(cluster);
  const live = authority.entries.slice(3_000);
  const byTime = Map.groupBy(live, (it) => it.at);
  expect(Math.max(...[...byTime.values()].map((it) => it.length))).toBeLessThan(live.length / 4);
  const took = Date.parse(live.at(-1)?.at ?? "") - Date.parse(live[0]?.at ?? "");
  const rate = (live.length / took) * 1000;
  expect(rate).toBeGreaterThan(500);
});

test("what is counted along is what the rows say, also after a death", async () => {
  const cluster = await start({ nodes: 5, shards: 200, changesPerSecond: 600, respawnMs: 300 });
  const { authority, nodes } = cluster;
  const [, victim] = nodes;
  victim?.crash();
  const deaths = () => authority.entries.filter((it) => it.type === "node-dead");
  const returned = () => authority.state.nodes.get("node-2")?.incarnation === victim?.incarnation;
  await vi.waitFor(() => expect([deaths().length, returned()]).toEqual([1, true]), 10_000);
  await vi.waitFor(() => expect(authority.owned("node-2")).toBeGreaterThan(0), 10_000);
  for (const { nodeId } of nodes) expect(authority.owned(nodeId)).toBe(countOwned(cluster, nodeId));
  expectSound(cluster);
});
