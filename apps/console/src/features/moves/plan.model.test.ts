import { type PlanRow, toClusterJson } from "@leasehold/sharding/observe";
import { describe, expect, test } from "vitest";
import { ClusterMirror } from "../../live/mirror.ts";
import { assigned, entriesOf, nodeRef, smallCluster } from "../../testing/factories.ts";
import { changedSince, failedMoves, movedByNode, nodeChanges, progressOf } from "./plan.model.ts";

const move = (shard: number, from: string, to: string) => ({
  group: "default",
  shard,
  from: nodeRef(from),
  to: nodeRef(to),
  epoch: 1,
  why: "test",
});

const plan = (
  states: readonly PlanRow["progress"][number]["state"][],
  state: PlanRow["state"] = "proposed",
): PlanRow => ({
  planId: "p1",
  kind: "rebalance",
  by: "test",
  node: null,
  undoes: null,
  basedOnSeq: 12,
  moves: [move(0, "node-a", "node-b"), move(2, "node-a", "node-b")],
  spreadBefore: 1,
  spreadAfter: 0,
  state,
  why: null,
  progress: states.map((one) => ({ state: one, why: null, epoch: null })),
});

describe("plan", () => {
  test("counts what is over, whatever its end", () => {
    expect(progressOf(plan(["done", "skipped"]))).toMatchObject({ total: 2, over: 2, done: 1 });
    expect(progressOf(plan(["moving", "pending"]))).toMatchObject({ over: 0, moving: 1 });
  });

  test("says why moves failed", () => {
    const [first, second] = plan(["done", "failed"]).progress;
    const failed = {
      ...plan([]),
      progress: [
        { ...first, why: null },
        { ...second, why: "busy" },
      ],
    };
    expect(failedMoves(failed as PlanRow)).toEqual([{ label: "2", to: "node-b", why: "busy" }]);
  });

  test("shows the change that is still to come: done moves are in the counts already", () => {
    const owned = new Map([
      ["node-a", 2],
      ["node-b", 2],
    ]);
    expect(nodeChanges(owned, plan(["pending", "pending"]))).toEqual([
      { nodeId: "node-a", before: 2, after: 0 },
      { nodeId: "node-b", before: 2, after: 4 },
    ]);
    expect(nodeChanges(owned, plan(["done", "failed"]))).toEqual([]);
  });

  test("says what each node gave and got, by moves that are done alone", () => {
    expect(movedByNode(plan(["done", "failed"], "done"))).toEqual([
      { nodeId: "node-a", gave: 1, got: 0 },
      { nodeId: "node-b", gave: 0, got: 1 },
    ]);
    expect(movedByNode(plan(["pending", "moving"], "applying"))).toEqual([]);
  });

  test("knows which of its shards have moved since it was made", () => {
    const mirror = new ClusterMirror();
    mirror.applySnapshot({ cluster: toClusterJson(smallCluster()), recent: [] }, 0);
    expect(changedSince(mirror, plan(["pending", "pending"]))).toEqual([]);
    mirror.applyLog("h1", entriesOf(13, assigned(0, "node-b", 2)), 0);
    expect(changedSince(mirror, plan(["pending", "pending"]))).toEqual([
      { index: 0, why: "Shard default/0 is not on node-a any more." },
    ]);
    expect(changedSince(mirror, plan(["pending", "pending"], "applying"))).toEqual([]);
  });
});
