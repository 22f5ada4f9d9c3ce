import { type ClusterEvent, type ShardBelief, toClusterJson } from "@leasehold/sharding/observe";
import { describe, expect, test } from "vitest";
import { ClusterMirror } from "../../live/mirror.ts";
import {
  assigned,
  entriesOf,
  nodeRef,
  observation,
  serving,
  smallCluster,
} from "../../testing/factories.ts";
import { moveInFlight, movesInFlight, phaseWord } from "./in-flight.model.ts";

const MiB = 1024 * 1024;
const began: ClusterEvent = {
  ...{ type: "handoff-began", group: "default", shard: 0, handoffId: "h-1", planId: "p1" },
  ...{ nodeId: "node-a", epoch: 1, to: nodeRef("node-b") },
};
const released: ClusterEvent = {
  ...assigned(0, "node-b", 2),
  cause: "handoff",
  carried: { handoffId: "h-1", from: nodeRef("node-a"), digest: "", size: 64 * MiB },
};

function mirrorAfter(...events: ClusterEvent[]): ClusterMirror {
  const mirror = new ClusterMirror();
  mirror.applySnapshot({ cluster: toClusterJson(smallCluster()), recent: [] }, 0);
  mirror.applyLog("h1", entriesOf(13, ...events), 0);
  return mirror;
}

const phaseAt = (mirror: ClusterMirror): string | null => moveInFlight(mirror, 0)?.phase ?? null;

describe("a move in flight", () => {
  test.each<[string, Partial<ShardBelief> | null]>([
    ["asked", null],
    ["asked", { phase: "serving" }],
    ["copying", { phase: "copying" }],
    ["pausing", { phase: "draining" }],
    ["transferring", { phase: "sending", serving: false, carried: { size: 5, moved: 1 } }],
    ["released", { phase: "frozen", serving: false }],
  ])("is %s where its source is %o", (phase, belief) => {
    const mirror = mirrorAfter(began);
    if (belief !== null) {
      mirror.applyBeliefs([observation("node-a", [{ ...serving(0), ...belief }])], 0);
    }
    expect(phaseAt(mirror)).toBe(phase);
    expect(movesInFlight(mirror, 5)).toMatchObject([{ from: "node-a", to: "node-b", phase }]);
  });

  test("is restoring once it is its target's, and serving where that one says so", () => {
    const mirror = mirrorAfter(began, released);
    expect(phaseAt(mirror)).toBe("restoring");
    mirror.applyBeliefs([observation("node-b", [serving(0, 2)])], 0);
    expect(phaseAt(mirror)).toBe("serving");
  });

  test("is none where nothing moves", () => {
    expect(moveInFlight(mirrorAfter(), 0)).toBeNull();
  });

  test("says how much of a large state has arrived", () => {
    const wordOf = (size: number, moved: number): string => {
      const mirror = mirrorAfter(began);
      const belief: ShardBelief = { ...serving(0), phase: "sending", carried: { size, moved } };
      mirror.applyBeliefs([observation("node-a", [belief])], 0);
      const flight = moveInFlight(mirror, 0);
      return flight === null ? "" : phaseWord(flight);
    };
    expect(wordOf(64 * MiB, 16.2 * MiB)).toBe("transferring, 16 of 64 MiB");
    expect(wordOf(1_000, 0)).toBe("transferring");
  });
});
