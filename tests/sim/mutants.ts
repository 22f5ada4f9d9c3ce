import type { Step, StepKind } from "@leasehold/sharding/testkit";
import type { Edit } from "../support/plant.ts";

/** A known mistake. */
export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
  /**
   * The simulation has to find it within so many seeds: many times what it takes on average, so that a change
   * elsewhere, which gives each seed another run, does not hide the mistake.
   */
  readonly seeds: number;
  /** Of `pnpm sim`: for what only some kinds of step bring about. */
  readonly args?: readonly string[];
}

const step = (kind: StepKind, atMs: number, forMs: number, rest: Partial<Step> = {}): Step => ({
  ...{ kind, atMs, forMs, nodeId: "node-1", peer: "node-2", direction: "both" },
  ...{ strength: 0.5, point: "", ...rest },
});

const nodeIds = ["node-1", "node-2", "node-3"];
const nodeAt = (i: number): string => nodeIds[i % nodeIds.length] as string;

/**
 * Two nodes in turn stand still for most of a ttl and renew just in time, while answers of Postgres are late
 * at the third: where that one leads, it declares them dead by a counter that has moved since.
 */
const lateRenewals = [
  step("slow-postgres", 0, 8_000, { direction: "in", strength: 0.75 }),
  ...Array.from({ length: 16 }, (_, i) =>
    step("pause", i * 500, 690 + (i % 4) * 30, { nodeId: nodeAt(1 + (i % 2)) }),
  ),
];

/** Two nodes hear of their renewals late, and in turn from Postgres not at all. */
const lateAnswers = [
  ...[0, 1].map((i) =>
    step("slow-postgres", 0, 8_000, { nodeId: nodeAt(i), direction: "in", strength: 0.75 }),
  ),
  ...[0, 1, 2, 3].map((i) =>
    step("cut-postgres", 800 + i * 1_800, 1_500, { nodeId: nodeAt(i % 2) }),
  ),
];

/** One node after the other stands still for longer than its lease lasts, each time with all others there. */
const lostLeases = Array.from({ length: 5 }, (_, i) =>
  step("pause", i * 1_600, 1_400, { nodeId: nodeAt(i) }),
);

/** Control messages are lost, doubled and seconds late. */
const lateMessages = nodeIds.map((nodeId) => step("messages", 0, 8_000, { nodeId, strength: 0.9 }));

/** Shards go round and round meanwhile. */
const lateOrders = [
  ...lateMessages,
  ...Array.from({ length: 26 }, (_, i) =>
    step("move", i * 300, 0, {
      nodeId: nodeAt(i),
      peer: nodeAt(i + 1),
      strength: (i * 0.37) % 1,
    }),
  ),
];

/** Links are opened anew meanwhile, and with each the nodes claim what they hold. */
const lateClaims = [
  ...lateOrders,
  ...Array.from({ length: 7 }, (_, i) =>
    step("half-open", (i + 1) * 1_000, 0, { nodeId: nodeAt(i), peer: nodeAt(i + 1) }),
  ),
];

/** A shard comes back to a node that has given it away a moment ago. */
const lateReleases = [
  ...lateMessages,
  ...Array.from({ length: 52 }, (_, i) =>
    step("move", i * 150, 0, { nodeId: nodeAt(i), peer: nodeAt(i % 2), strength: 0.1 }),
  ),
];

const deadline = "runtime/lease-deadline.ts";
const memory = "adapters/memory/memory-tables.ts";

export const mutants: readonly Mutant[] = [
  {
    name: "a lease that is believed for ever",
    edits: [
      {
        file: deadline,
        from: "if (this.#hasEnded || this.#clock.monotonicMs() >= this.#deadlineMs) return false;",
        to: "if (this.#hasEnded) return false;",
      },
      {
        file: deadline,
        from: "if (hasSlept(this.#clock, this.#awakeMs, this.#toleranceMs)) this.end();",
        to: "",
      },
    ],
    seeds: 100,
  },
  {
    name: "a monotonic clock that stops in a suspend is believed",
    edits: [
      {
        file: "runtime/sleep-watch.ts",
        from: "return Math.abs(awakeMsOf(clock) - awakeMs) > toleranceMs;",
        to: "return Math.abs(awakeMsOf(clock) - awakeMs) === Number.POSITIVE_INFINITY || toleranceMs < 0;",
      },
    ],
    seeds: 100,
    args: ["--only", "sleep"],
  },
  {
    name: "taking over without waiting",
    edits: [
      {
        file: "core/membership.ts",
        from: "nowMs - seen.changedAtMs > ttlMs * watchFactor",
        to: "nowMs - seen.changedAtMs > ttlMs * 0.5",
      },
    ],
    seeds: 100,
  },
  {
    name: "a stopped region serves on",
    edits: [{ file: "runtime/serving.ts", from: "this.#set(group, shard, undefined);", to: "" }],
    seeds: 100,
  },
  {
    name: "a deadline counted from the reply",
    edits: [
      {
        file: "runtime/node-lease.ts",
        from: "grant.renewed(sentAtMs);",
        to: "grant.renewed(clock.monotonicMs());",
      },
    ],
    seeds: 400,
    args: ["--schedule", JSON.stringify(lateAnswers)],
  },
  {
    name: "a stale claim takes ownership back",
    edits: [
      {
        file: "core/coordinator/claims.ts",
        from: "if (claim.epoch > row.epoch) {",
        to: "if (claim.epoch > row.epoch || (row.state !== 'unallocated' && !sameNode(row.owner, from))) {",
      },
      {
        file: "core/coordinator/claims.ts",
        from: '"allocated", null, claim.epoch + 1',
        to: '"allocated", null, Math.max(claim.epoch, row.epoch) + 1',
      },
    ],
    seeds: 200,
    args: ["--schedule", JSON.stringify(lateClaims)],
  },
  {
    name: "a second process takes a name that is in use",
    edits: [
      {
        file: "runtime/acquire-lease.ts",
        from: "if (mayTake && isLocked) {",
        to: "if (true) {",
      },
    ],
    seeds: 400,
  },
  {
    name: "a forged refusal is believed as a proof of death",
    edits: [
      {
        file: "testkit/sim/sim-cluster.ts",
        from: "const trustRefused: boolean = false;",
        to: "const trustRefused = true;",
      },
    ],
    seeds: 400,
    args: ["--only", "refuse,cut-link,half-open,isolate"],
  },
  {
    name: "taking over by the database's wall clock",
    edits: [
      {
        file: memory,
        from: "renewals: row.renewals + 1,",
        to: "renewals: row.renewals + 1, renewedAt: this.#nowIso(),",
      },
      {
        file: "adapters/memory/memory-lease-session.ts",
        from: "leases: tables.leases(),",
        to: "leases: tables.leases().map((row) => ({ ...row, wallNow: tables.wallNow() })),",
      },
      {
        file: memory,
        from: "  state(): ClusterState {",
        to: "  wallNow() { return this.#nowIso(); }\n  state(): ClusterState {",
      },
      {
        file: "core/membership.ts",
        from: "next.set(nodeId, { nodeId, incarnation, state, renewals, exited, changedAtMs });",
        to: "next.set(nodeId, { nodeId, incarnation, state, renewals, exited, changedAtMs, wallAgeMs: Date.parse(lease.wallNow) - Date.parse(lease.renewedAt ?? lease.wallNow) });",
      },
      {
        file: "core/membership.ts",
        from: "nowMs - seen.changedAtMs > ttlMs * watchFactor",
        to: "seen.wallAgeMs > ttlMs * watchFactor",
      },
    ],
    seeds: 400,
  },
  {
    name: "a delayed order to host is obeyed",
    edits: [
      {
        file: "core/region.ts",
        from: "if (order.epoch <= highest) {",
        to: "if (order.epoch <= highest && held !== undefined) {",
      },
    ],
    seeds: 400,
    args: ["--schedule", JSON.stringify(lateOrders)],
  },
  {
    name: "a fence that does not conflict with the claim, like 'for key share'",
    edits: [
      {
        file: "adapters/memory/memory-journal-server.ts",
        from: 'this.#locks.areFree([shardKey(shard)]) ? this.tables.claim(holder, shard) : "busy",',
        to: "this.tables.claim(holder, shard),",
      },
      {
        file: "adapters/memory/memory-journal-server.ts",
        from: "const write = () => appends.map((append) => this.#write(append));",
        to: "const passed = appends.map((append) => this.tables.holds(append)); const write = () => appends.map((append, i) => passed[i] ? this.#write(append) : { result: 'fenced' });",
      },
      {
        file: "adapters/memory/memory-journal-tables.ts",
        from: "if (head?.epoch !== append.epoch || head.incarnation !== append.incarnation) return",
        to: "if (head === undefined) return",
      },
      {
        file: "adapters/memory/memory-journal-tables.ts",
        from: "const { epoch, incarnation, lastSeq: shardSeq } = head;",
        to: "const { lastSeq: shardSeq } = head; const { epoch, incarnation } = append;",
      },
    ],
    seeds: 700,
    args: ["--only", "hang-append,cut-postgres", "--steps", "24"],
  },
  {
    name: "sending before committing",
    edits: [
      {
        file: "runtime/driver.ts",
        from: "const result = await this.#store.commit({",
        to: "const { term, seq } = this.#state.cluster; this.#events.committed(turn.events.map((event, i) => ({ ...event, seq: seq + i + 1, term, at: '' })), turn.state.cluster); const result = await this.#store.commit({",
      },
    ],
    seeds: 300,
    args: ["--schedule", JSON.stringify(lateRenewals)],
  },
  {
    name: "a late release of an earlier attempt is believed",
    edits: [
      {
        file: "core/coordinator/handoff.ts",
        from: "if (row.handoff.id !== report.handoffId || row.epoch !== report.epoch) return null;",
        to: "",
      },
    ],
    seeds: 500,
    args: ["--schedule", JSON.stringify(lateReleases)],
  },
  {
    name: "the timers of a shard are not read where it opens",
    edits: [
      {
        file: "runtime/entities/shard-life.ts",
        from: "this.#parts.timers?.opened(opened, true);",
        to: "",
      },
    ],
    seeds: 60,
  },
  {
    name: "a death is not compared with the renewals that were seen",
    edits: [{ file: memory, from: "row !== null && row.renewals !== renewals", to: "false" }],
    seeds: 300,
    args: ["--schedule", JSON.stringify(lateRenewals)],
  },
  {
    name: "a lane that does not look at who may serve",
    edits: [
      {
        file: "runtime/lanes/lane-guard.ts",
        from: "if (!this.#table.holds(shard, epoch, this.#clock.monotonicMs())) return false;",
        to: "return true;",
      },
    ],
    seeds: 200,
    args: ["--lanes", "3", "--schedule", JSON.stringify(lostLeases)],
  },
];
