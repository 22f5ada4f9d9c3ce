import { describe, expect, it } from "vitest";
import { type ClusterState, emptyCluster, type NodeState, type ShardRow } from "./cluster.ts";
import type { NodeRef } from "./ids.ts";
import {
  epochsRepeated,
  handoffsOverlapping,
  logBroken,
  rowsMalformed,
  servedTwice,
  stateLost,
} from "./invariants.ts";
import type { ClusterEvent, LogEntry } from "./log.ts";
import { emptyRegion, type HeldPhase, type RegionState } from "./region.ts";

const a = { nodeId: "a", incarnation: "a-1" };
const b = { nodeId: "b", incarnation: "b-1" };
const ref = { group: "g", shard: 0 };

const region = (self: NodeRef, epoch: number, phase: HeldPhase): RegionState => ({
  ...emptyRegion(self),
  held: new Map([["g/0", { ...ref, epoch, ...phase }]]),
});
const serving: HeldPhase = { phase: "serving" };
const draining: HeldPhase = { phase: "draining", handoffId: "h", to: b };
const sending: HeldPhase = { ...draining, phase: "sending", digest: "d", size: 1 };
const frozen: HeldPhase = { ...sending, phase: "frozen" };

const unallocated = (epoch: number): ShardRow => ({ state: "unallocated", epoch, pinned: false });
const hosted = (epoch: number, owner: NodeRef = a): ShardRow => ({
  ...{ state: "hosted", epoch, pinned: false, owner },
});
const handingOff = (to: NodeRef): ShardRow => ({
  ...{ state: "handing-off", epoch: 5, pinned: false, owner: a },
  handoff: { id: "h", to, planId: null },
});

const stateWith = (row: ShardRow, states: Record<string, NodeState> = {}): ClusterState => ({
  ...emptyCluster("h"),
  nodes: new Map(
    [a, b].map((node) => [
      node.nodeId,
      {
        ...{ ...node, address: "", zone: "", weight: 1, labels: {}, cordoned: false },
        state: states[node.nodeId] ?? "up",
      },
    ]),
  ),
  shards: new Map([["g", [row]]]),
});

describe("S1", () => {
  it("is violated by two regions that serve one shard, draining included", () => {
    for (const phase of [serving, draining]) {
      expect(servedTwice([region(a, 4, phase), region(b, 5, serving)])).toEqual([
        "S1: g/0 is served by a at epoch 4 and by b at epoch 5",
      ]);
    }
  });

  it("holds where all but one have stopped", () => {
    for (const phase of [sending, frozen]) {
      expect(servedTwice([region(a, 4, phase), region(b, 5, serving)])).toEqual([]);
    }
    expect(servedTwice([emptyRegion(a), region(b, 5, draining)])).toEqual([]);
  });
});

describe("S2", () => {
  const found = (was: ShardRow, is: ShardRow) => epochsRepeated(stateWith(was), stateWith(is));

  it("is violated by an epoch that goes down", () => {
    expect(found(hosted(5), hosted(4))).toEqual(["S2: g/0 went from epoch 5 to 4"]);
    expect(found(unallocated(5), unallocated(4))).toEqual(["S2: g/0 went from epoch 5 to 4"]);
  });

  it("is violated by an epoch that is granted twice", () => {
    const twice = ["S2: epoch 5 of g/0 was granted twice"];
    expect(found(hosted(5), hosted(5, b))).toEqual(twice);
    expect(found(hosted(5), hosted(5, { ...a, incarnation: "a-2" }))).toEqual(twice);
    // Its last home had it, before the shard was vacated.
    expect(found(unallocated(5), hosted(5))).toEqual(twice);
  });

  it("holds where a shard stays, rises or loses its home", () => {
    expect(found(hosted(5), hosted(5))).toEqual([]);
    expect(found(hosted(5), hosted(6, b))).toEqual([]);
    expect(found(hosted(5), unallocated(5))).toEqual([]);
  });
});

const entry = (seq: number, event: ClusterEvent, term = 1): LogEntry => ({
  ...event,
  ...{ seq, at: "", term },
});
const began = (handoffId: string): ClusterEvent => ({
  ...{ type: "handoff-began", ...ref, handoffId, nodeId: "a", epoch: 5, to: b, planId: null },
});
const assigned: ClusterEvent = {
  ...{ type: "shard-assigned", ...ref, ...b, epoch: 6, cause: "handoff", carried: null },
};
const vacated: ClusterEvent = { type: "shard-vacated", ...ref, epoch: 5, why: "" };
const pinned: ClusterEvent = { type: "shard-pinned", ...ref };

describe("S6", () => {
  it("is violated by a handoff that begins while one is in flight", () => {
    const log = [entry(1, began("h-1")), entry(2, pinned), entry(3, began("h-2"))];
    expect(handoffsOverlapping(log)).toEqual(["S6: g/0 is in h-1 and h-2"]);
  });

  it("holds where the first has ended, or is another shard's", () => {
    for (const end of [assigned, vacated]) {
      const log = [entry(1, began("h-1")), entry(2, end), entry(3, began("h-2"))];
      expect(handoffsOverlapping(log)).toEqual([]);
    }
    const other = { ...began("h-2"), shard: 1 } as ClusterEvent;
    expect(handoffsOverlapping([entry(1, began("h-1")), entry(2, other)])).toEqual([]);
  });
});

describe("S7 and S3", () => {
  it("are violated by a gap, a repetition and a term that goes down", () => {
    expect(logBroken([entry(1, pinned), entry(3, pinned)])).toEqual(["S7: 3 follows 1"]);
    expect(logBroken([entry(1, pinned), entry(1, pinned)])).toEqual(["S7: 1 follows 1"]);
    expect(logBroken([entry(1, pinned, 2), entry(2, pinned, 1)])).toEqual([
      "S3: term 1 wrote after 2",
    ]);
  });

  it("hold for a log that counts on, from wherever it starts", () => {
    expect(logBroken([entry(7, pinned, 1), entry(8, pinned, 1), entry(9, pinned, 3)])).toEqual([]);
    expect(logBroken([])).toEqual([]);
  });
});

describe("carried state", () => {
  const carried = { handoffId: "h", from: a, digest: "d", size: 1 };
  const state = stateWith({ state: "starting", epoch: 6, pinned: false, owner: b, carried });
  const target = emptyRegion(b);

  it("is lost where neither source nor target has it, and the source lives", () => {
    const lost = ["the state of g/0 that h carries is nowhere"];
    expect(stateLost(state, [emptyRegion(a), target])).toEqual(lost);
    const other: HeldPhase = { ...frozen, handoffId: "h-0" } as HeldPhase;
    expect(stateLost(state, [region(a, 5, other), target])).toEqual(lost);
  });

  it("is there while the source keeps it, the target has it, or the target serves", () => {
    expect(stateLost(state, [region(a, 5, frozen), target])).toEqual([]);
    const arrived = { ...target, arrived: new Map([["h", { ...ref, epoch: 5 }]]) };
    expect(stateLost(state, [emptyRegion(a), arrived])).toEqual([]);
    expect(stateLost(state, [emptyRegion(a), region(b, 6, serving)])).toEqual([]);
  });

  it("may be lost with its source", () => {
    expect(stateLost(state, [target])).toEqual([]);
  });
});

describe("a row", () => {
  it("is malformed where its home takes no part", () => {
    const stranger = { nodeId: "c", incarnation: "c-1" };
    const earlier = { nodeId: "a", incarnation: "a-0" };
    const found = (row: ShardRow, states?: Record<string, NodeState>) =>
      rowsMalformed(stateWith(row, states));
    expect(found(hosted(5, stranger))).toEqual(["g/0 belongs to c, which never joined"]);
    expect(found(hosted(5, earlier))).toEqual(["g/0 belongs to a, which has another life now"]);
    expect(found(hosted(5), { a: "dead" })).toEqual(["g/0 belongs to a, which is dead"]);
  });

  it("is malformed where it is handed to nobody else, or to a node that takes no part", () => {
    expect(rowsMalformed(stateWith(handingOff(a)))).toEqual(["g/0 is handed from a to itself"]);
    expect(rowsMalformed(stateWith(handingOff(b), { b: "dead" }))).toEqual([
      "g/0 is handed to b, which is dead",
    ]);
    const earlier = { ...b, incarnation: "b-0" };
    expect(rowsMalformed(stateWith(handingOff(earlier)))).toEqual([
      "g/0 is handed to b, which has another life now",
    ]);
  });

  it("is well where both take part, and where it has no home", () => {
    for (const row of [unallocated(5), hosted(5), handingOff(b)]) {
      expect(rowsMalformed(stateWith(row, { a: "draining", b: "drained" }))).toEqual([]);
    }
  });
});
