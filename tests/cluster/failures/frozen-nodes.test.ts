import { expect, test } from "vitest";
import { shareCluster } from "../share-cluster.ts";
import { pick, untilTakenOver } from "../support.ts";
import {
  answersOf,
  askAll,
  expectWithin,
  homesOf,
  idsServedBy,
  rounds,
  untilPassed,
  untilServed,
} from "./support.ts";

const ttlMs = 1_000;
const shared = shareCluster({ ttlMs });

test("a node stopped for half a ttl keeps its life and its shards", async () => {
  const cluster = shared();
  const load = cluster.load({ perSecond: 100, ids: 64 });
  const before = homesOf(await cluster.shards());
  for (let round = 0; round < rounds(2, 20); round += 1) {
    const victim = await pick(cluster, round % 2 === 0 ? "candidate" : "coordinator");
    const startMs = performance.now();
    victim.freeze();
    await untilPassed(cluster, ttlMs / 2);
    victim.thaw();
    console.info(`stopped for ${(performance.now() - startMs).toFixed(0)} ms of a ttl of ${ttlMs}`);
    await untilServed(cluster, load);
    await untilPassed(cluster, ttlMs);
  }
  expect(homesOf(await cluster.shards())).toEqual(before);
  await load.stop();
  expect(load.failures()).toEqual([]);
});

for (const [ttls, role, isIsolated] of [
  [2, "candidate", false],
  [2, "coordinator", false],
  [2, "candidate", true],
  [10, "candidate", true],
] as const) {
  const who = isIsolated ? `${role} that hears no other node and is` : role;
  test(`a ${who} stopped for ${ttls} ttl serves not one command when it wakes up`, async () => {
    const cluster = shared();
    const load = cluster.load({ perSecond: 200, ids: 64, deadlineMs: 2_000 });
    await untilServed(cluster, load, 128);
    const victim = await pick(cluster, role);
    const via = cluster.nodes.findIndex((node) => node !== victim) + 1;
    const { incarnation } = await victim.self();
    const own = idsServedBy(load.history, victim.nodeId);
    // Without its peers' news only its own clock can tell it that its time is over.
    if (isIsolated) await cluster.isolate(victim);
    const frozenMs = performance.now();
    victim.freeze();
    const asked = askAll(cluster, victim, own);
    await untilTakenOver(cluster, victim.nodeId, via);
    const tookMs = performance.now() - frozenMs;
    expectWithin(`${who} stopped: its shards were hosted elsewhere after`, tookMs, ttlMs + 1_000);
    expect(tookMs).toBeGreaterThan(ttlMs - ttlMs / 6 - ttlMs / 10);
    await untilPassed(cluster, ttls * ttlMs - tookMs);
    victim.thaw();
    const answers = await asked;
    await cluster.waitUntil(`${victim.nodeId} has taken a new life`, async () => {
      return (await victim.self()).incarnation !== incarnation;
    });
    await victim.heal();
    await untilServed(cluster, load);
    expect(answersOf(await load.stop(), incarnation, frozenMs)).toEqual([]);
    expect(answersOf(answers, incarnation, frozenMs)).toEqual([]);
    console.info(`${answers.length} commands waited for it to wake up`);
    expect(answers.length).toBeGreaterThan(5);
  });
}
