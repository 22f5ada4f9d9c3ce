import { fileURLToPath } from "node:url";
import { shardOf } from "@leasehold/sharding/observe";
import { expect, test } from "vitest";
import { expectNothingLost } from "../expect-history.ts";
import type { LoadOptions } from "../harness/steady-load.ts";
import type { TestCluster, TestNode } from "../harness.ts";
import { shareCluster } from "../share-cluster.ts";
import { pick, untilTakenOver } from "../support.ts";
import { answersOf, expectWithin, untilServed } from "./support.ts";

const ttlMs = 1_000;
const shardCount = 32;
const entities = fileURLToPath(new URL("../fixtures/entities.ts", import.meta.url));
const shared = shareCluster({
  ...{ ttlMs, shards: shardCount },
  env: { LEASEHOLD_ENTITIES: entities, LEASEHOLD_LANES: "2" },
});

/** Of a type, on a node. */
async function entityOn(cluster: TestCluster, node: TestNode, type: string): Promise<string> {
  const shards = await cluster.shards();
  const own = new Set(shards.flatMap(({ shard, owner }) => (owner === node.nodeId ? [shard] : [])));
  const ids = Array.from({ length: 1_000 }, (_, index) => `e-${index}`);
  const id = ids.find((one) => own.has(shardOf("default", type, one, shardCount)));
  if (id === undefined) throw new Error(`No ${type} on ${node.nodeId}.`);
  return id;
}

/** Asked for all along, a node that something is about to happen to, and one that says how it goes. */
async function underLoad(
  role: "coordinator" | "candidate",
  options: Omit<LoadOptions, "perSecond" | "ids"> = {},
) {
  const cluster = shared();
  const load = cluster.load({ perSecond: 200, ids: 64, ...options });
  await untilServed(cluster, load);
  const victim = await pick(cluster, role);
  const via = cluster.nodes.findIndex((node) => node !== victim) + 1;
  return { cluster, load, victim, via };
}

async function ask(node: TestNode, path: string, body: unknown = null): Promise<number> {
  const response = await fetch(`${node.url}/v1/entities/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return response.status;
}

test("with two lanes, a node that joins and one that leaves hand over under load without a lost request", async () => {
  const cluster = shared();
  const load = cluster.load({ perSecond: 300, ids: 64 });
  await untilServed(cluster, load);
  const fourth = cluster.addNode();
  await fourth.start();
  await fourth.becomeReady();
  await cluster.waitUntil("node-4 has its share", async () => {
    const { nodes, shards } = await cluster.cluster(1);
    const share = nodes.find((node) => node.nodeId === "node-4")?.shards ?? 0;
    return shards.hosted === shards.total && share >= 7;
  });
  expect((await cluster.node(1).stop()).code).toBe(0);
  await cluster.waitForStableOwnership();
  expectNothingLost(await load.stop());
});

test("with two lanes, the shards of a killed node answer elsewhere", async () => {
  const { cluster, load, victim, via } = await underLoad("coordinator");
  await victim.kill();
  expectWithin("killed: elsewhere after", await untilTakenOver(cluster, victim.nodeId, via), 1_000);
  await untilServed(cluster, load);
  await load.stop();
});

test("with two lanes, a node that is told to crash when an entity starts does so in a lane", async () => {
  // Nobody else asks: the entity that starts is this one.
  const cluster = shared();
  const victim = await pick(cluster, "candidate");
  const via = cluster.nodes.findIndex((node) => node !== victim) + 1;
  const id = await entityOn(cluster, victim, "box");
  await cluster.crashAt(victim, "entity-started");
  expect(await ask(cluster.node(via), `box/${id}/touch`)).toBe(502);
  await cluster.waitUntil("its process has ended", () => !victim.isRunning);
  expect(victim.endedBy).toEqual({ code: null, signal: "SIGKILL" });
  await untilTakenOver(cluster, victim.nodeId, via);
});

test("with two lanes, a node that was frozen answers nothing for a life that has ended", async () => {
  const { cluster, load, victim, via } = await underLoad("candidate", { deadlineMs: 3_000 });
  const { incarnation } = await victim.self();
  const startMs = performance.now();
  victim.freeze();
  await untilTakenOver(cluster, victim.nodeId, via);
  victim.thaw();
  await cluster.waitUntil("it has a new life", async () => {
    const now = await victim.self();
    return now.incarnation !== incarnation && now.lease.state === "held";
  });
  await untilServed(cluster, load);
  expect(answersOf(load.history, incarnation, startMs + ttlMs)).toEqual([]);
  await load.stop();
});

test("with two lanes, a main thread that is blocked stops its lanes in time: nobody clears their slots", async () => {
  const { cluster, load, victim, via } = await underLoad("candidate", { deadlineMs: 3_000 });
  const { incarnation } = await victim.self();
  const startMs = performance.now();
  await victim.fault({ kind: "freeze", ttlMs: 3 * ttlMs });
  await untilTakenOver(cluster, victim.nodeId, via);
  await untilServed(cluster, load);
  expect(answersOf(load.history, incarnation, startMs + ttlMs)).toEqual([]);
  await load.stop();
});

test.each([
  ["throwLater", "thrown where nobody catches it"],
  ["reject", "a promise that nobody waits for"],
])(
  "a lane that dies of %s takes its node out in order, and nobody else notices",
  async (command, why) => {
    const { cluster, load, victim, via } = await underLoad("candidate");
    const id = await entityOn(cluster, victim, "broken");
    await ask(cluster.node(via), `broken/${id}/${command}`);
    await cluster.waitUntil("its process has ended", () => !victim.isRunning);
    expect(victim.endedBy).toEqual({ code: 1, signal: null });
    await untilTakenOver(cluster, victim.nodeId, via);
    await untilServed(cluster, load);
    const history = await load.stop();
    // What the lane had begun when it died, nobody knows; nothing else was lost.
    const lost = history.filter(({ outcome }) => outcome.tag !== "ok");
    expect(lost.length).toBeLessThan(20);
    expect(victim.log(200)).toContain(why);
  },
);

test("a lane that never gives its thread back is ended and named; its node goes on with its lease till it has left", async () => {
  const { cluster, load, victim, via } = await underLoad("candidate", { deadlineMs: 5_000 });
  const id = await entityOn(cluster, victim, "slow");
  const startMs = performance.now();
  const since = new Date().toISOString();
  const stuck = ask(cluster.node(via), `slow/${id}/block`, { ms: 600_000 });
  await cluster.waitUntil("its process has ended", () => !victim.isRunning);
  expectWithin("stuck: left after", performance.now() - startMs, 3 * ttlMs);
  expect(victim.endedBy).toEqual({ code: 1, signal: null });
  expect(await stuck).toBe(502);
  await untilServed(cluster, load);
  await load.stop();
  // Its earlier lives have lost theirs, on purpose.
  const lines = victim.log(400).split("\n");
  const said = lines.filter((line) => (/"time":"([^"]+)"/.exec(line)?.[1] ?? "") >= since).join();
  expect(said).toContain("a lane is stuck and is ended");
  expect(said).not.toContain("the lease is lost");
});
