import { createClient } from "@leasehold/sharding/client";
import { expect } from "vitest";
import type { ShardAnswer } from "../harness/answers.ts";
import { outcomeOf } from "../harness/outcome.ts";
import type { Call, SteadyLoad, TestCluster, TestNode } from "../harness.ts";
import { pick } from "../support.ts";

/** The long form runs the same scenarios more often (`pnpm test:nightly`). */
const isLong = process.env["LEASEHOLD_TEST_LONG"] === "on";

/** How often a scenario is repeated. */
export const rounds = (short: number, long: number): number => (isLong ? long : short);

/** Prints what was measured beside its bound. A busy machine is slow: only ten times the bound fails. */
export function expectWithin(what: string, measuredMs: number, boundMs: number): void {
  console.info(`${what}: ${measuredMs.toFixed(0)} ms (bound ${boundMs} ms)`);
  expect(measuredMs, what).toBeLessThan(10 * boundMs);
}

/** Who serves what, for comparing. */
export const homesOf = (shards: readonly ShardAnswer[]) =>
  shards.map(({ shard, owner, incarnation, epoch }) => ({ shard, owner, incarnation, epoch }));

/** Waits for so much time to go by, with the invariants looked at. */
export async function untilPassed(cluster: TestCluster, ms: number): Promise<void> {
  const startMs = performance.now();
  const hasPassed = (): boolean => performance.now() - startMs >= ms;
  await cluster.waitUntil(`${ms} ms have passed`, hasPassed, {
    timeoutMs: ms + 10_000,
    everyMs: 5,
  });
}

/** Waits until the last `count` calls that ended were answered. */
export async function untilServed(
  cluster: TestCluster,
  load: SteadyLoad,
  count = 20,
): Promise<void> {
  const from = load.history.length;
  await cluster.waitUntil("calls succeed again", () => {
    const calls = load.history.slice(Math.max(from, load.history.length - count));
    return calls.length >= count && calls.every((call) => call.outcome.tag === "ok");
  });
}

/** Answers of one life to calls that were sent after a moment: there must be none once it has ended. */
export const answersOf = (
  history: readonly Call[],
  incarnation: string,
  sentAfterMs: number,
): readonly Call[] =>
  history.filter(
    ({ outcome, startMs }) =>
      outcome.tag === "ok" && outcome.servedBy.incarnation === incarnation && startMs > sentAfterMs,
  );

/** The node that must do without the coordinator, and the two others. */
export async function coordinatorAndOthers(
  cluster: TestCluster,
): Promise<readonly [TestNode, TestNode, TestNode]> {
  const coordinator = await pick(cluster, "coordinator");
  const [first, second] = cluster.nodes.filter((node) => node !== coordinator);
  return [coordinator, first as TestNode, second as TestNode];
}

/** Entities whose last answer came from that node. */
export function idsServedBy(history: readonly Call[], nodeId: string): readonly string[] {
  const homes = new Map<string, string>();
  for (const { id, outcome } of history) {
    if (outcome.tag === "ok") homes.set(id, outcome.servedBy.nodeId);
  }
  return [...homes].filter(([, home]) => home === nodeId).map(([id]) => id);
}

/** One `counter/add` for each id, all at once, at that node alone. Their ends are part of the history. */
export async function askAll(
  cluster: TestCluster,
  node: TestNode,
  ids: readonly string[],
  deadlineMs = 15_000,
): Promise<readonly Call[]> {
  const client = createClient({ nodes: [node.url], deadlineMs, connections: ids.length });
  const calls = ids.map(async (id): Promise<Call> => {
    const startMs = performance.now();
    const asked = client.ask({ type: "counter", id, command: "add", input: { by: 1 } });
    const call = { id, startMs, outcome: await outcomeOf(asked), endMs: performance.now() };
    cluster.invariants.addCall(call);
    return call;
  });
  return await Promise.all(calls);
}
