import { shardOf } from "@leasehold/sharding/observe";
import { expect, test } from "vitest";
import { z } from "zod";
import { expectNothingLost } from "../expect-history.ts";
import type { Call, TestCluster, TestNode } from "../harness.ts";
import { shareCluster } from "../share-cluster.ts";
import { endOf, furthestOf, type HalfDone, movesAtCrash, type Stage } from "./half-done.ts";
import { coordinatorAndOthers, expectWithin, rounds, untilServed } from "./support.ts";

const shardCount = 64;
const shared = shareCluster({ shards: shardCount });

const planAnswer = z.object({ planId: z.string(), state: z.string() });
type Role = "coordinator" | "source" | "target";

/**
 * Steps of a planned move, who dies there, and how far the furthest of its moves has come in the rows that the
 * next decision finds: first those that every run takes, then the rest.
 */
type Case = readonly [Role, step: string, furthest: Stage | readonly Stage[]];
const always: readonly Case[] = [
  ["coordinator", "committed:handoff-began", "asked"],
  ["coordinator", "received:handoffs-acked", "asked"],
  ["coordinator", "committing:shard-assigned", "asked"],
  ["coordinator", "committed:shard-assigned", "granted"],
  ["source", "sending:state-chunk", "asked"],
  // What was released is granted, and may be served, before the death is known.
  ["source", "sent:shards-released", ["granted", "served"]],
  ["target", "sending:state-taken", "asked"],
  ["target", "sent:shards-hosted", "served"],
];
const nightly: readonly Case[] = [
  ["coordinator", "committed:plan-state-changed", ["waiting", "asked"]],
  ["coordinator", "committing:handoff-began", "waiting"],
  ["coordinator", "received:shards-released", "asked"],
  ["coordinator", "received:shards-hosted", "granted"],
  ["coordinator", "committing:shard-hosted", "granted"],
  ["coordinator", "committed:shard-hosted", "served"],
  ["coordinator", "committed:move-state-changed", "asked"],
  ["coordinator", "sending:log", "asked"],
  ["source", "sending:handoffs-acked", "asked"],
  ["source", "received:state-taken", "asked"],
  ["source", "sending:shards-released", "asked"],
  ["target", "received:state-chunk", "asked"],
  ["target", "sent:state-taken", ["asked", "granted"]],
  ["target", "sending:shards-hosted", "granted"],
];

for (const [role, step, furthest] of rounds(0, 1) === 1 ? [...always, ...nightly] : always) {
  test(`a ${role} that crashes at ${step} leaves a move that is finished or undone, and nothing of the others is lost`, async () => {
    const cluster = shared();
    const [coordinator, source, target] = await coordinatorAndOthers(cluster);
    const victim = { coordinator, source, target }[role];
    const others = cluster.nodes.filter((node) => node !== victim);
    const { seq } = await cluster.cluster();
    const { incarnation, term } = await victim.self();
    const load = cluster.load({ perSecond: 200, ids: 64, deadlineMs: 5_000 }, others);
    await untilServed(cluster, load, 200);
    const planId = await planMoves(cluster, source, target, load.history);
    await cluster.crashAt(victim, step);
    // Whoever carries the command may lose its answer with the coordinator.
    const via = others[0] as TestNode;
    const applied = via.ask("POST", `/v1/plans/${planId}/apply`).catch((error: unknown) => error);
    await cluster.waitUntil(`${victim.nodeId} has come to ${step}`, () => !victim.isRunning);
    const crashedMs = performance.now();
    expect(victim.endedBy).toEqual({ code: null, signal: "SIGKILL" });
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
    const isCoordinator = role === "coordinator";
    const moves = await movesAtCrash(cluster, { planId, term, incarnation, isCoordinator });
    const begun = moves.filter(({ stage }) => stage === "asked" || stage === "granted");
    console.info(`crash at ${step}: ${moves.map(({ stage }) => stage).join(" ")}`);
    expect([furthest].flat(), "how far the furthest move had come").toContain(furthestOf(moves));
    for (const move of begun) expectFinishedOrUndone(role, move, victim.nodeId);
    for (const node of others) {
      await cluster.waitUntil(`${node.nodeId} keeps nothing of a move`, async () => {
        const [out, into] = ["leasehold_handoff_states_out", "leasehold_handoff_states_in"];
        return (await node.counted(out)) + (await node.counted(into)) === 0;
      });
    }
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

/**
 * The next decision about a move that was begun: with both ends alive it goes on, otherwise it is undone, in the
 * commit of the death itself and not when its handoff has timed out.
 */
function expectFinishedOrUndone(role: Role, move: HalfDone, victim: string): void {
  const { stage, source, target } = move;
  const { assigned, move: state } = endOf(move);
  const what = `move ${move.index}, ${stage}`;
  if (role === "target") {
    const cause = stage === "asked" ? "abort" : "death";
    expect(assigned, what).toEqual({ to: source, cause, isAtOnce: true });
    expect(state, what).toBe("failed");
  } else if (role === "source" && stage === "asked") {
    // Its state is lost, and a new home is found as for any shard of a dead node.
    expect(assigned, what).toMatchObject({ cause: "death", isAtOnce: true });
    expect(assigned?.to, what).not.toBe(victim);
    expect(state, what).toBe(assigned?.to === target ? "done" : "failed");
  } else {
    if (stage === "asked") expect(assigned, what).toMatchObject({ to: target, cause: "handoff" });
    expect(state, what).toBe("done");
  }
}

/** @returns the id of a plan, not applied, that moves every other shard of `source` that has state to carry. */
async function planMoves(
  cluster: TestCluster,
  source: TestNode,
  target: TestNode,
  history: readonly Call[],
): Promise<string> {
  const withState = new Set(history.map(({ id }) => shardOf("default", "counter", id, shardCount)));
  const own = (await cluster.shards()).filter(
    ({ shard, owner }) => owner === source.nodeId && withState.has(shard),
  );
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
