import { type LogEntry, toClusterJson } from "@leasehold/sharding/observe";
import { describe, expect, test } from "vitest";
import { ClusterMirror } from "../../live/mirror.ts";
import { plain } from "../../live/say.ts";
import {
  assigned,
  entriesOf,
  hostedEvent,
  nodeRef,
  smallCluster,
} from "../../testing/factories.ts";
import { whyHere } from "./why-here.ts";

function mirrorOf(recent: readonly LogEntry[] = []): ClusterMirror {
  const mirror = new ClusterMirror();
  mirror.applySnapshot({ cluster: toClusterJson(smallCluster()), recent }, 0);
  return mirror;
}

const told = (mirror: ClusterMirror, shard = 0): string =>
  plain(whyHere(mirror, { group: "default", shard }) ?? []);

/** Plan p1 has moved shard 0 from a to b, where it is at epoch 2. */
const moved = entriesOf(
  13,
  {
    ...{ type: "plan-proposed", planId: "p1", kind: "rebalance", by: "olga", node: null },
    ...{ undoes: null, basedOnSeq: 12, spreadBefore: 1, spreadAfter: 0 },
    moves: [
      {
        ...{ group: "default", shard: 0, from: nodeRef("node-a"), to: nodeRef("node-b") },
        ...{ epoch: 1, why: "node-a has too many" },
      },
    ],
  },
  { ...assigned(0, "node-b", 2), cause: "handoff" },
  hostedEvent(0, "node-b", 2),
  { type: "move-state-changed", planId: "p1", index: 0, state: "done", why: null, epoch: 2 },
);

describe("why a shard is where it is", () => {
  test("is the planner's reason, where a plan moved it", () => {
    const mirror = mirrorOf();
    mirror.applyLog("h1", moved, 0);
    expect(told(mirror)).toBe(
      "Plan p1 (rebalance, asked for by olga) moved it to node-b: node-a has too many.",
    );
  });

  test("is not a plan that moved it before its home died", () => {
    const mirror = mirrorOf();
    mirror.applyLog("h1", moved, 0);
    mirror.applyLog("h1", entriesOf(17, { ...assigned(0, "node-a", 3), cause: "death" }), 0);
    expect(told(mirror)).toBe(
      "The lease of its former home ended; the coordinator gave it to node-a in term 1.",
    );
  });

  test("is said to lie before what is kept, and not guessed", () => {
    expect(told(mirrorOf())).toBe(
      "It has been at node-a under epoch 1 since before event 12, the first that this page keeps; no plan that is kept moved it.",
    );
  });
});
