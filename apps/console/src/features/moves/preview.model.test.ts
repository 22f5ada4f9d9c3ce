import { applyEntries } from "@leasehold/sharding/observe";
import { describe, expect, test } from "vitest";
import { assigned, entriesOf, nodeRef, smallCluster } from "../../testing/factories.ts";
import type { PreviewAnswer } from "../../wire/plan-preview.ts";
import { endsByRebase, forecastChanges, staleSince } from "./preview.model.ts";

const node = (nodeId: string, before: number, after: number, why: string | null = null) => ({
  ...nodeRef(nodeId),
  ...{ weight: 1, before, after, why },
});

const preview: PreviewAnswer = {
  ...{ planId: "p-1-1", kind: "rebalance", by: "test", node: null, undoes: null },
  ...{ basedOnSeq: 12, spreadBefore: 1, spreadAfter: 0, movesInFlight: 16 },
  moves: [0, 2].map((shard) => ({
    ...{ group: "default", shard, from: "node-a", to: "node-b", why: "test", epoch: 1 },
  })),
  ...{ blocked: [], blockedTotal: 0, leftOut: 0, notes: [] },
  nodes: [node("node-a", 2, 0), node("node-b", 2, 4), node("node-c", 1, 1, "cordoned")],
};

describe("a preview", () => {
  test("is stale for exactly the moves whose shards have changed", () => {
    const cluster = smallCluster();
    expect(staleSince(cluster, preview)).toEqual([]);
    const after = applyEntries(
      cluster,
      entriesOf(cluster.seq + 1, assigned(2, "node-b", 2), assigned(1, "node-a", 2)),
    );
    expect(staleSince(after, preview)).toEqual([
      { index: 1, why: "Shard default/2 is not on node-a any more." },
    ]);
  });

  test("is stale where a target has another life", () => {
    const [a, b, c] = preview.nodes;
    if (a === undefined || b === undefined || c === undefined) throw new Error("no nodes");
    const nodes = [a, { ...b, incarnation: "node-b-0" }, c];
    expect(staleSince(smallCluster(), { ...preview, nodes })).toHaveLength(2);
  });

  test("shows nodes that change, and those that are special, the largest change first", () => {
    const nodes = [node("node-d", 3, 3), node("node-e", 9, 2), ...preview.nodes];
    const names = (all: boolean) => forecastChanges({ nodes }, all).map((it) => it.nodeId);
    expect(names(false)).toEqual(["node-e", "node-a", "node-b", "node-c"]);
    expect(names(true)).toHaveLength(5);
  });

  test("is looked at again where it is stale or forgotten, and nowhere else", () => {
    const problem = (code: string) => ({ code, title: "", status: 409 });
    expect(endsByRebase(problem("PLAN_STALE"))).toBe(true);
    expect(endsByRebase(problem("PLAN_UNKNOWN"))).toBe(true);
    expect(endsByRebase(problem("COORDINATOR_UNAVAILABLE"))).toBe(false);
  });
});
