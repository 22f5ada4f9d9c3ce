import { shardOf } from "@leasehold/sharding/observe";
import { expect, test } from "vitest";
import { z } from "zod";
import { expectNothingLost } from "../expect-history.ts";
import type { Call, TestCluster, TestNode } from "../harness.ts";
import { shareCluster } from "../share-cluster.ts";
import { coordinatorAndOthers, expectWithin, rounds, untilServed } from "./support.ts";

const shardCount = 64;
const shared = shareCluster({ shards: shardCount });

const planAnswer = z.object({ planId: z.string(), state: z.string() });
type Role = "coordinator" | "source" | "target";

/** Steps of a planned move, and who dies there: first those that every run takes, then the rest. */
const always: readonly (readonly [Role, string])[] = [
  ["coordinator", "committed:handoff-began"],
  ["coordinator", "received:handoffs-acked"],
  ["coordinator", "committing:shard-assigned"],
  ["coordinator", "committed:shard-assigned"],
  ["source", "sending:state-chunk"],
  ["source", "sent:shards-released"],
  ["target", "sending:state-taken"],
  ["target", "sent:shards-hosted"],
];
const nightly: readonly (readonly [Role, string])[] = [
  ["coordinator", "committed:plan-state-changed"],
  ["coordinator", "committing:handoff-began"],
  ["coordinator", "received:shards-released"],
  ["coordinator", "received:shards-hosted"],
  ["coordinator", "committing:shard-hosted"],
  ["coordinator", "committed:shard-hosted"],
  ["coordinator", "committed:move-state-changed"],
  ["coordinator", "sending:log"],
  ["source", "sending:handoffs-acked"],
  ["source", "received:state-taken"],
  ["source", "sending:shards-released"],
  ["target", "received:state-chunk"],
  ["target", "sent:state-taken"],
  ["target", "sending:shards-hosted"],
];

for (const [role, step] of rounds(0, 1) === 1 ? [...always, ...nightly] : always) {
  test(`a ${role} that crashes at ${step} leaves a move that is finished or undone, and nothing of the others is lost`, async () => {
    const cluster = shared();
    const [coordinator, source, target] = await coordinatorAndOthers(cluster);
    const victim = { coordinator, source, target }[role];
    const others = cluster.nodes.filter((node) => node !== victim);
    const { seq } = await cluster.cluster();
    const load = cluster.load({ perSecond: 200, ids: 64, deadlineMs: 5_000 }, others);
    await untilServed(cluster, load, 200);
    const planId = await planMoves(cluster, source, target);
    await cluster.crashAt(victim, step);
    // Whoever carries the command may lose its answer with the coordinator.
    const via = others[0] as TestNode;
    const applied = via.ask("POST", `/v1/plans/${planId}/apply`).catch((error: unknown) => error);
    await cluster.waitUntil(`${victim.nodeId} has come to ${step}`, () => !victim.isRunning);
    const crashedMs = performance.now();
    // An application that was not committed may be lost, but not one that was answered.
    const ends = ["done", "failed", "stale", "cancelled"];
    if ((await applied) instanceof Error) ends.push("proposed");
    await cluster.waitUntil("the plan has ended", async () => {
      return ends.includes(planAnswer.parse(await via.ask("GET", `/v1/plans/${planId}`)).state);
    });
    await cluster.waitForStableOwnership();
    expectWithin(
      `crash at ${step}: all is in order again after`,
      performance.now() - crashedMs,
      2_000,
    );
    await untilServed(cluster, load);
    expectNothingLost(await neverAt(cluster, await load.stop(), victim, seq));
  });
}

test("a region that crashes after an entity has started, before its first command, is replaced, and every caller hears", async () => {
  const cluster = shared();
  for (let round = 0; round < rounds(1, 10); round += 1) {
    const [coordinator, victim, other] = await coordinatorAndOthers(cluster);
    await cluster.crashAt(victim, "entity-started");
    const load = cluster.load({ perSecond: 100, ids: 200, deadlineMs: 5_000 }, [
      coordinator,
      other,
    ]);
    await cluster.waitUntil("an entity has started there", () => !victim.isRunning);
    const startMs = performance.now();
    await cluster.waitForStableOwnership();
    expectWithin("its shards are served again after", performance.now() - startMs, 1_000);
    await untilServed(cluster, load);
    for (const { outcome } of (await load.stop()).filter((call) => call.outcome.tag === "failed")) {
      // The entity that started: its command may have begun, as far as its caller can know.
      expect(outcome).toMatchObject({ code: "OUTCOME_UNKNOWN", executed: "unknown" });
    }
    await victim.start();
    await victim.becomeReady();
    await cluster.waitForStableOwnership();
  }
});

/** @returns the id of a plan, not applied, that moves every other shard of `source`. */
async function planMoves(
  cluster: TestCluster,
  source: TestNode,
  target: TestNode,
): Promise<string> {
  const own = (await cluster.shards()).filter((shard) => shard.owner === source.nodeId);
  const moves = own
    .filter((_, index) => index % 2 === 0)
    .map(({ group, shard }) => ({ group, shard, to: target.nodeId }));
  return planAnswer.parse(await source.ask("POST", "/v1/plans", { kind: "move", moves })).planId;
}

/** The calls of entities whose shard was never given to the node that died: they must not notice. */
async function neverAt(
  cluster: TestCluster,
  history: readonly Call[],
  victim: TestNode,
  beforeSeq: number,
): Promise<readonly Call[]> {
  await cluster.invariants.readLogs(cluster.nodes.filter((node) => node.isAwake));
  const given = new Set(
    cluster.invariants.logs.entries.flatMap((entry) =>
      entry.type === "shard-assigned" && entry.nodeId === victim.nodeId && entry.seq > beforeSeq
        ? [entry.shard]
        : [],
    ),
  );
  for (const { outcome } of history) {
    if (outcome.tag === "ok" && outcome.servedBy.nodeId === victim.nodeId)
      given.add(outcome.servedBy.shard);
  }
  const untouched = history.filter(
    ({ id }) => !given.has(shardOf("default", "counter", id, shardCount)),
  );
  expect(untouched.length).toBeGreaterThan(0);
  return untouched;
}
