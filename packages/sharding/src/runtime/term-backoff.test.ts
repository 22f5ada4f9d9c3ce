import { expect, test } from "vitest";
import { applyEntries, emptyCluster } from "../core/cluster.ts";
import type { ClusterEvent } from "../core/log.ts";
import { MemoryCluster } from "../testkit/memory-cluster.ts";
import { TermBackoff } from "./term-backoff.ts";

const ttlMs = 1_000;

test("each term that ends by a defect doubles the wait, up to a limit", () => {
  const backoff = new TermBackoff(ttlMs);
  const waits = Array.from({ length: 10 }, () => backoff.termEnded(true, 5, 0));
  expect(waits.slice(0, 4)).toEqual([50, 100, 200, 400]);
  expect(waits.slice(-2)).toEqual([6_400, 6_400]);
  expect([backoff.mayLead(6_399), backoff.mayLead(6_400)]).toEqual([false, true]);
});

test("a term that ends otherwise, or that lasted, begins the count anew", () => {
  const backoff = new TermBackoff(ttlMs);
  for (let i = 0; i < 5; i += 1) backoff.termEnded(true, 5, 0);
  expect(backoff.termEnded(false, 5, 0)).toBe(0);
  expect(backoff.termEnded(true, 5, 0)).toBe(50);
  expect(backoff.termEnded(true, 5, 0)).toBe(100);
  expect(backoff.termEnded(true, 4 * ttlMs + 1, 0)).toBe(50);
});

/** A plan that no coordinator makes: it has moved a shard that does not exist, so ending it throws. */
const impossible: readonly ClusterEvent[] = [
  {
    ...{ type: "plan-proposed", planId: "p-x", kind: "move", by: "t", node: null, undoes: null },
    moves: [
      {
        ...{ group: "default", shard: 99, epoch: 1, why: "" },
        from: { nodeId: "node-1", incarnation: "x" },
        to: { nodeId: "node-2", incarnation: "y" },
      },
    ],
    ...{ basedOnSeq: 0, spreadBefore: 0, spreadAfter: 0 },
  },
  { type: "plan-state-changed", planId: "p-x", state: "applying", why: null },
  { type: "move-state-changed", planId: "p-x", index: 0, state: "done", why: null, epoch: 2 },
];

test("a defect that every coordinator meets costs a few terms, and is named in the log", async () => {
  const cluster = new MemoryCluster({ entities: [], leaseTtlMs: ttlMs });
  for (const id of ["node-1", "node-2", "node-3"]) cluster.add(id);
  await cluster.until("every shard is hosted", () => cluster.isAllHosted());
  const { state } = cluster;
  const { term, seq } = state;
  const entries = impossible.map((event, i) => ({ ...event, seq: seq + 1 + i, at: "", term }));
  const next = applyEntries(state, entries);
  cluster.postgres.tables.commit({ term, after: seq, events: impossible, deaths: [], next });
  // The present coordinator has rows of its own; the next one reads these.
  cluster.postgres.restart();
  await cluster.run(20 * ttlMs);
  // Without the wait there are hundreds.
  expect(cluster.state.term - term).toBeGreaterThan(5);
  expect(cluster.state.term - term).toBeLessThan(40);
  const named = cluster.log.filter((line) => line.includes("this is a defect"));
  expect(named[0]).toContain("No shard default/99");
  // What is hosted is served on.
  expect([...cluster.nodes.values()].reduce((n, { node }) => n + node.serving.count, 0)).toBe(16);
  const { entries: log } = await cluster.result(cluster.postgres.store().readLog(0, 100_000));
  expect(applyEntries(emptyCluster(state.history), log)).toEqual(cluster.state);
});
