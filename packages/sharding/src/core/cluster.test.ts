import { describe, expect, it, vi } from "vitest";
import { deepFreeze } from "../testkit/deep-freeze.ts";
import {
  applyEntries,
  type ClusterState,
  emptyCluster,
  findShard,
  LogMismatchError,
  type NodeRow,
  type NodeState,
  type PlanRow,
  type ShardRow,
  type ShardStateName,
} from "./cluster.ts";
import { fromClusterJson, toClusterJson } from "./cluster-json.ts";
import type { ClusterEvent, LogEntry, MoveState, NodeInfo, PlanProposal } from "./log.ts";

const a = { nodeId: "a", incarnation: "a-1" };
const b = { nodeId: "b", incarnation: "b-1" };
const ref = { group: "default", shard: 1 };
const info = (node: typeof a): NodeInfo => ({
  ...node,
  address: `http://${node.nodeId}`,
  zone: "",
  weight: 1,
  labels: {},
});

/** Entries that follow `state`, under its term. */
const entriesOf = (state: ClusterState, events: readonly ClusterEvent[]): LogEntry[] =>
  events.map((event, i) => ({ ...event, seq: state.seq + 1 + i, at: "", term: state.term }));

const after = (state: ClusterState, ...events: ClusterEvent[]): ClusterState =>
  applyEntries(deepFreeze(state), entriesOf(state, events));

const founded = after(
  { ...emptyCluster("h"), term: 1 },
  { type: "group-created", group: "default", shards: 3, strategy: "least-loaded" },
  { type: "node-joined", ...info(a) },
  { type: "node-joined", ...info(b) },
);

const withRow = (row: ShardRow): ClusterState => ({
  ...founded,
  shards: new Map([["default", (founded.shards.get("default") ?? []).with(ref.shard, row)]]),
});
const withNode = (row: NodeRow): ClusterState => ({
  ...founded,
  nodes: new Map(founded.nodes).set(row.nodeId, row),
});

type EventOf<P extends string> = Extract<ClusterEvent, { type: P }>;
type ShardEventType = EventOf<`shard-${string}` | "handoff-began">["type"];
type NodeEventType = EventOf<`node-${string}`>["type"];

const carried = { handoffId: "h-1", from: a, digest: "d", size: 1 };
const handoff = { id: "h-1", to: b, planId: null };

const rows: Record<ShardStateName, ShardRow> = {
  unallocated: { state: "unallocated", epoch: 5, pinned: false },
  starting: { state: "starting", epoch: 5, pinned: false, owner: a, carried: null },
  hosted: { state: "hosted", epoch: 5, pinned: false, owner: a },
  "handing-off": { state: "handing-off", epoch: 5, pinned: false, owner: a, handoff },
};

const shardEvents: { [T in ShardEventType]: EventOf<T> } = {
  "shard-assigned": { type: "shard-assigned", ...ref, ...b, epoch: 6, cause: "handoff", carried },
  "shard-hosted": { type: "shard-hosted", ...ref, ...a, epoch: 5 },
  "shard-vacated": { type: "shard-vacated", ...ref, epoch: 5, why: "no node can take it" },
  "handoff-began": {
    ...{ type: "handoff-began", ...ref, handoffId: "h-1", nodeId: "a", epoch: 5, to: b },
    planId: null,
  },
  "shard-pinned": { type: "shard-pinned", ...ref },
  "shard-unpinned": { type: "shard-unpinned", ...ref },
};

const assigned: ShardRow = { state: "starting", epoch: 6, pinned: false, owner: b, carried };
const hosted: ShardRow = rows.hosted;
const vacated: ShardRow = rows.unallocated;
const pinned = (row: ShardRow): ShardRow => ({ ...row, pinned: true });
const misfit = "misfit";

const shardTable: Record<ShardStateName, Record<ShardEventType, ShardRow | typeof misfit>> = {
  unallocated: {
    "shard-assigned": assigned,
    "shard-hosted": misfit,
    "shard-vacated": vacated,
    "handoff-began": misfit,
    "shard-pinned": pinned(rows.unallocated),
    "shard-unpinned": rows.unallocated,
  },
  starting: {
    "shard-assigned": assigned,
    "shard-hosted": hosted,
    "shard-vacated": vacated,
    "handoff-began": misfit,
    "shard-pinned": pinned(rows.starting),
    "shard-unpinned": rows.starting,
  },
  hosted: {
    "shard-assigned": assigned,
    "shard-hosted": misfit,
    "shard-vacated": vacated,
    "handoff-began": rows["handing-off"],
    "shard-pinned": pinned(rows.hosted),
    "shard-unpinned": rows.hosted,
  },
  "handing-off": {
    "shard-assigned": assigned,
    "shard-hosted": misfit,
    "shard-vacated": vacated,
    // A second handoff while one is in flight (S6).
    "handoff-began": misfit,
    "shard-pinned": pinned(rows["handing-off"]),
    "shard-unpinned": rows["handing-off"],
  },
};

const entriesIn = <K extends string, V>(table: Record<K, V>): [K, V][] =>
  Object.entries(table) as [K, V][];

describe("a shard's row", () => {
  for (const [state, cells] of entriesIn(shardTable)) {
    for (const [type, expected] of entriesIn(cells)) {
      const name = expected === misfit ? "LogMismatchError" : expected.state;
      it(`${state} + ${type} -> ${name}`, () => {
        const apply = () => after(withRow(rows[state]), shardEvents[type]);
        if (expected === misfit) expect(apply).toThrow(LogMismatchError);
        else expect(findShard(apply(), ref)).toEqual(expected);
      });
    }
  }

  it("keeps its pin through every change of home", () => {
    for (const type of ["shard-assigned", "shard-vacated"] as const) {
      const row = findShard(after(withRow(pinned(rows.hosted)), shardEvents[type]), ref);
      expect(row?.pinned, type).toBe(true);
    }
    expect(
      findShard(after(withRow(pinned(rows.starting)), shardEvents["shard-hosted"]), ref)?.pinned,
    ).toBe(true);
    expect(
      findShard(after(withRow(pinned(rows.hosted)), shardEvents["handoff-began"]), ref)?.pinned,
    ).toBe(true);
  });

  it("never takes an epoch that it has had (S2)", () => {
    for (const row of Object.values(rows)) {
      for (const epoch of [5, 4, 0]) {
        const event = { ...shardEvents["shard-assigned"], epoch };
        expect(() => after(withRow(row), event), `${row.state} ${epoch}`).toThrow(LogMismatchError);
      }
    }
  });

  it("is hosted only by its present home, under its present epoch", () => {
    const fits = shardEvents["shard-hosted"];
    const other = [
      { ...fits, epoch: 4 },
      { ...fits, epoch: 6 },
      { ...fits, ...b },
      { ...fits, incarnation: "a-0" },
    ];
    for (const event of other) {
      expect(() => after(withRow(rows.starting), event)).toThrow(LogMismatchError);
    }
  });

  it("begins a handoff only from its present home, under its present epoch", () => {
    const fits = shardEvents["handoff-began"];
    for (const event of [
      { ...fits, epoch: 4 },
      { ...fits, epoch: 6 },
      { ...fits, nodeId: "b" },
    ]) {
      expect(() => after(withRow(rows.hosted), event)).toThrow(LogMismatchError);
    }
  });

  it("is vacated only under its present epoch", () => {
    for (const epoch of [4, 6]) {
      const event = { ...shardEvents["shard-vacated"], epoch };
      expect(() => after(withRow(rows.hosted), event)).toThrow(LogMismatchError);
    }
  });
});

const nodeEvents: { [T in NodeEventType]: EventOf<T> } = {
  "node-joined": { type: "node-joined", ...info(a) },
  "node-draining": { type: "node-draining", ...a },
  "node-drained": { type: "node-drained", ...a },
  "node-restored": { type: "node-restored", ...a },
  "node-dead": { type: "node-dead", ...a, proof: "watched" },
  "node-evicted": { type: "node-evicted", ...a, unreachedBy: ["b"] },
  "node-cordoned": { type: "node-cordoned", nodeId: "a" },
  "node-uncordoned": { type: "node-uncordoned", nodeId: "a" },
};

const aliveNode: Record<NodeEventType, NodeState> = {
  "node-joined": "up",
  "node-draining": "draining",
  "node-drained": "drained",
  "node-restored": "up",
  "node-dead": "dead",
  "node-evicted": "evicted",
  "node-cordoned": "up",
  "node-uncordoned": "up",
};

const nodeTable: Record<NodeState, Record<NodeEventType, NodeState | typeof misfit>> = {
  up: aliveNode,
  draining: { ...aliveNode, "node-cordoned": "draining", "node-uncordoned": "draining" },
  drained: { ...aliveNode, "node-cordoned": "drained", "node-uncordoned": "drained" },
  evicted: { ...aliveNode, "node-cordoned": "evicted", "node-uncordoned": "evicted" },
  dead: {
    "node-joined": "up",
    // Its shards have new homes.
    "node-draining": misfit,
    "node-drained": misfit,
    "node-restored": misfit,
    "node-dead": "dead",
    "node-evicted": misfit,
    "node-cordoned": "dead",
    "node-uncordoned": "dead",
  },
};

describe("a node's row", () => {
  for (const [state, cells] of entriesIn(nodeTable)) {
    for (const [type, expected] of entriesIn(cells)) {
      it(`${state} + ${type} -> ${expected === misfit ? "LogMismatchError" : expected}`, () => {
        const base = withNode({ ...info(a), state, cordoned: false });
        const apply = () => after(base, nodeEvents[type]).nodes.get("a");
        if (expected === misfit) expect(apply).toThrow(LogMismatchError);
        else {
          const cordoned = type === "node-cordoned";
          expect(apply()).toEqual({ ...info(a), state: expected, cordoned });
        }
      });
    }
  }

  it("is replaced by a new life, whose cordon outlives the former one", () => {
    const base = withNode({ ...info(a), state: "dead", cordoned: true });
    const next = { ...info({ nodeId: "a", incarnation: "a-2" }), address: "http://elsewhere" };
    const row = after(base, { type: "node-joined", ...next }).nodes.get("a");
    expect(row).toEqual({ ...next, state: "up", cordoned: true });
  });

  it("does not change by what is said of an earlier life", () => {
    const base = withNode({ ...info(a), state: "up", cordoned: false });
    for (const type of ["node-draining", "node-drained", "node-restored", "node-dead"] as const) {
      const event = { ...nodeEvents[type], incarnation: "a-0" };
      expect(after(base, event).nodes.get("a"), type).toEqual(base.nodes.get("a"));
    }
  });
});

describe("a plan's row", () => {
  const move = { ...ref, from: a, to: b, epoch: 5, why: "a has more" };
  const proposal: PlanProposal = {
    planId: "p-1",
    kind: "rebalance",
    by: "auto",
    node: null,
    undoes: null,
    basedOnSeq: 3,
    moves: [move, { ...move, shard: 2 }],
    spreadBefore: 1,
    spreadAfter: 0,
  };
  const proposed = after(founded, { type: "plan-proposed", ...proposal });
  const plan = (state: ClusterState): PlanRow | undefined => state.plans.get("p-1");
  const pending = { state: "pending", why: null, epoch: null };

  it("starts proposed, with every move pending", () => {
    expect(plan(proposed)).toEqual({
      ...{ ...proposal, state: "proposed", why: null, progress: [pending, pending] },
    });
  });

  it("takes the state and the reason that an event says", () => {
    const states = ["applying", "paused", "done", "cancelled", "stale", "failed"] as const;
    for (const state of states) {
      const event = { type: "plan-state-changed", planId: "p-1", state, why: "so" } as const;
      expect(plan(after(proposed, event))).toMatchObject({
        state,
        why: "so",
        moves: proposal.moves,
      });
    }
  });

  const moved = (index: number, state: MoveState, epoch: number | null): ClusterEvent => ({
    ...{ type: "move-state-changed", planId: "p-1", index, state, why: null, epoch },
  });

  it("notes the progress of one move and leaves the others", () => {
    const state = after(proposed, moved(1, "moving", null), moved(1, "done", 6));
    expect(plan(state)?.progress).toEqual([pending, { state: "done", why: null, epoch: 6 }]);
    expect(plan(state)?.state).toBe("proposed");
  });

  it("is proposed once, and has no move beyond its last", () => {
    const again = () => after(proposed, { type: "plan-proposed", ...proposal });
    expect(again).toThrow(LogMismatchError);
    for (const index of [-1, 2]) {
      expect(() => after(proposed, moved(index, "done", 6)), `index ${index}`).toThrow(
        LogMismatchError,
      );
    }
  });
});

describe("the log", () => {
  const one: ClusterEvent = { type: "node-cordoned", nodeId: "a" };

  it("is applied without a gap and without a repetition (S7)", () => {
    const [entry] = entriesOf(founded, [one]) as [LogEntry];
    for (const seq of [founded.seq - 1, founded.seq, founded.seq + 2]) {
      expect(() => applyEntries(founded, [{ ...entry, seq }]), `seq ${seq}`).toThrow(
        `Entry ${seq} does not follow ${founded.seq}.`,
      );
    }
    const gap = [entry, { ...entry, seq: entry.seq + 2 }];
    expect(() => applyEntries(founded, gap)).toThrow(LogMismatchError);
    expect(applyEntries(founded, [entry]).seq).toBe(founded.seq + 1);
  });

  it("never goes back to an earlier term (S3)", () => {
    const entries = entriesOf(founded, [one, one]).map((e, i) => ({ ...e, term: 3 - i }));
    expect(() => applyEntries(founded, entries)).toThrow(LogMismatchError);
    expect(applyEntries(founded, entries.slice(0, 1)).term).toBe(3);
  });

  it("names who was elected", () => {
    expect(after(founded, { type: "coordinator-elected", ...b }).coordinator).toEqual(b);
  });

  it("of no entries is the same state", () => {
    expect(applyEntries(founded, [])).toBe(founded);
  });

  it("is refused where it names what does not exist", () => {
    const unknown: readonly ClusterEvent[] = [
      { ...shardEvents["shard-assigned"], group: "none" },
      { ...shardEvents["shard-assigned"], shard: 3 },
      { ...shardEvents["shard-pinned"], shard: -1 },
      { type: "node-cordoned", nodeId: "c" },
      { type: "node-dead", nodeId: "c", incarnation: "c-1", proof: "host" },
      { type: "plan-state-changed", planId: "p-9", state: "done", why: null },
      {
        ...{ type: "move-state-changed", planId: "p-9", index: 0, state: "done" },
        ...{ why: null, epoch: null },
      },
    ];
    for (const event of unknown) {
      expect(() => after(founded, event), JSON.stringify(event)).toThrow(LogMismatchError);
    }
  });

  it("creates a group once: a second time would take its shards from their homes", () => {
    const state = withRow(rows.hosted);
    const again: ClusterEvent = {
      ...{ type: "group-created", group: "default", shards: 3, strategy: "rendezvous" },
    };
    expect(() => after(state, again)).toThrow(LogMismatchError);
    const other = after(state, { ...again, group: "workers", shards: 2 });
    expect(other.groups.get("workers")).toEqual({ shards: 2, strategy: "rendezvous" });
    expect(other.shards.get("workers")).toEqual([
      { state: "unallocated", epoch: 0, pinned: false },
      { state: "unallocated", epoch: 0, pinned: false },
    ]);
    expect(findShard(other, ref)).toEqual(rows.hosted);
  });
});

describe("a state", () => {
  const shards = 10_000;
  const wide = after(
    { ...emptyCluster("h"), term: 1 },
    { type: "group-created", group: "default", shards, strategy: "least-loaded" },
    { type: "node-joined", ...info(a) },
  );
  const batch = entriesOf(
    wide,
    Array.from({ length: shards }, (_, shard) => ({
      ...{ type: "shard-assigned", group: "default", shard, ...a, epoch: 1 },
      ...{ cause: "allocated", carried: null },
    })),
  );

  it("copies a group's rows once for a batch of 10,000 entries", () => {
    const slice = vi.spyOn(Array.prototype, "slice");
    const startMs = performance.now();
    const next = applyEntries(wide, batch);
    const tookMs = performance.now() - startMs;
    const copies = slice.mock.contexts.filter(
      (copied) => Array.isArray(copied) && copied.length === shards,
    ).length;
    slice.mockRestore();
    expect(copies).toBe(1);
    expect(next.seq).toBe(wide.seq + shards);
    expect(next.shards.get("default")?.every((row) => row.state === "starting")).toBe(true);
    expect(tookMs).toBeLessThan(1_000);
  });

  it("is a value: an earlier one stays what it was", () => {
    const before = structuredClone(wide);
    applyEntries(deepFreeze(wide), batch.slice(0, 10));
    expect(wide).toEqual(before);
  });

  it("survives JSON", () => {
    const state = after(withRow(rows["handing-off"]), { type: "node-cordoned", nodeId: "a" });
    const json: unknown = JSON.parse(JSON.stringify(toClusterJson(state)));
    expect(fromClusterJson(json as ReturnType<typeof toClusterJson>)).toEqual(state);
  });
});
