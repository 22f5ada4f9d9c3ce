import type { LabRun, LabScenario, LabView } from "../wire/lab.ts";

/** A lab as pages see it, of a cluster of three nodes that was never there. */
const blast = {
  sentence: "85 of 256 shards, on node-2",
  nodes: ["node-2"],
  shards: 85,
  totalShards: 256,
  otherFaults: ["node-3: slow-link"],
};

const hypothesis = [
  "No shard is served by two nodes at the same instant.",
  "node-2 stops by its own clock before another node begins.",
  "Another node serves the shard within the lease's ttl + 1 s: 6 s.",
  "No acknowledged deposit is lost, and none counts twice.",
];

const zombie: LabScenario = {
  id: "X2",
  name: "Zombie owner",
  sentence: "Cut the owner of shard default/172, node-2, from Postgres for 15 s, then heal.",
  hypothesis,
  blast,
  expectedMs: 30_000,
  availability: { available: true },
  params: [
    { name: "shard", label: "Shard", kind: "shard", initial: "default/172" },
    { name: "forMs", label: "Cut for", kind: "ms", min: 6500, max: 120_000, initial: 15_000 },
  ],
  essential: ["S1", "S2", "S4", "S5", "S7", "L1", "L2"],
  last: "pass",
};

const restart: LabScenario = {
  ...zombie,
  id: "X7",
  name: "Postgres restart",
  sentence: "Stop the Postgres server and start it again.",
  params: [],
  availability: {
    available: false,
    why: "This console cannot restart your server: only the launcher's own can be.",
  },
  last: null,
};

/** A run that has passed. */
export const passedRun: LabRun = {
  id: "0b7c1f5e-2a55-4c1c-9d5e-3f2a90c7d118",
  scenario: "X2",
  name: zombie.name,
  sentence: zombie.sentence,
  hypothesis,
  params: { shard: "default/172", forMs: 15_000 },
  actor: "mira",
  cluster: "orders-eu",
  leaseTtlMs: 5000,
  startedAt: "2026-11-22T03:14:03.480Z",
  endedAt: "2026-11-22T03:14:33.480Z",
  state: "ended",
  elapsedMs: 30_200,
  expectedMs: 30_000,
  blast,
  steps: [
    stepOf("warm", "The probe is answered", 0, 400, null),
    stepOf("cut", "Cut node-2 from Postgres", 400, 430, null),
    stepOf("stopped", "node-2 stops by its own clock", 430, 5000, "after 4.6 s"),
    stepOf("taken", "Another node serves default/172", 5000, 5800, "node-1, epoch 42, after 5.4 s"),
    stepOf("heal", "Heal", 15_400, 15_430, null),
    stepOf("settle", "Every shard is served, one coordinator", 15_430, 17_500, "after 2.1 s"),
  ],
  invariants: [
    invariantOf("S1", "one server per shard", true, 1_204_331),
    invariantOf("S2", "epochs only rise", true, 331),
    invariantOf("S3", "deposed writes fail", false, 41),
    { ...invariantOf("S4", "stale writes fenced", true, 310), figure: "17 fenced" },
    invariantOf("S5", "no acknowledged write lost", true, 1402),
    invariantOf("S6", "one handoff a shard", false, 12),
    invariantOf("S7", "log without gaps", true, 260),
    invariantOf("S8", "one answer per request", true, 2810),
    { ...invariantOf("L1", "every shard has a home", true, 1), figure: "2.1 s" },
    { ...invariantOf("L2", "one coordinator", true, 1), figure: "0.0 s" },
    {
      ...invariantOf("L4", "balanced is still", false, 0),
      verdict: "not-observed",
      figure: "",
      why: "The run ended before the cluster was balanced.",
    },
  ],
  verdict: {
    tag: "pass",
    reasons: ["10 invariants held, 1 was not observed. New owner after 5.4 s (bound 6 s)."],
  },
  faults: [
    {
      nodeId: "node-2",
      faultId: "5d0f",
      kind: "cut-postgres",
      detail: { direction: "both" },
      ttlMs: 16_000,
      setMs: 410,
      endedMs: 15_430,
      how: "healed",
    },
  ],
  healed: { healed: 1, residual: 0 },
  figures: {
    takeoverMs: 5400,
    takeoverBoundMs: 6000,
    fencedWrites: 17,
    calls: 2810,
    failedCalls: 26,
    unknownCalls: 3,
    worstPauseMs: 5460,
  },
  lanes: [
    laneOf("node-1", [
      [0, 5800, "stable", "91 shards"],
      [5800, 19_400, "stable", "128 shards"],
      [19_400, null, "stable", "91 shards"],
    ]),
    laneOf("node-2", [
      [0, 430, "stable", "78 shards"],
      [430, 5000, "warning", "cut, serves"],
      [5000, 15_430, "warning", "cut, stopped"],
      [15_430, 17_500, "handoff", "joins"],
      [17_500, null, "stable", "77 shards"],
    ]),
    laneOf("node-3", [
      [0, 5800, "stable", "87 shards"],
      [5800, 19_400, "stable", "127 shards"],
      [19_400, null, "stable", "87 shards"],
    ]),
  ],
  calls: {
    bucketMs: 200,
    answered: Array.from({ length: 151 }, (_, at) => (at > 2 && at < 28 ? 7 : 10)),
    failed: Array.from({ length: 151 }, (_, at) => (at > 24 && at < 28 ? 3 : 0)),
  },
  marks: [
    { atMs: 410, words: "cut" },
    { atMs: 5000, words: "stopped" },
    { atMs: 5800, words: "taken over" },
    { atMs: 15_430, words: "heal" },
    { atMs: 17_500, words: "settled" },
  ],
  log: { history: "b3c1a7e0-fake-4000-8000-000000000001", firstSeq: 1_283_959, lastSeq: 1_284_219 },
  tape: { firstPos: 80_112, lastPos: 81_004 },
};

/** The same while it goes on. */
export const liveRun: LabRun = {
  ...passedRun,
  state: "running",
  endedAt: null,
  elapsedMs: 4100,
  verdict: null,
  healed: null,
  steps: passedRun.steps.map((it, at) =>
    at < 2
      ? it
      : {
          ...it,
          state: at === 2 ? "running" : "waiting",
          beganMs: at === 2 ? 430 : null,
          endedMs: null,
          note: null,
        },
  ),
  invariants: passedRun.invariants.map((it) =>
    it.id.startsWith("L") ? { ...it, verdict: "waits", figure: "waits for heal", why: null } : it,
  ),
  faults: passedRun.faults.map((it) => ({ ...it, endedMs: null, how: null })),
  figures: { ...passedRun.figures, takeoverMs: null, failedCalls: 0, unknownCalls: 0 },
  lanes: passedRun.lanes.map((it) => ({
    ...it,
    segments: it.segments
      .filter((one) => one.fromMs < 4100)
      .map((one) => ({ ...one, toMs: (one.toMs ?? 5000) < 4100 ? one.toMs : null })),
  })),
  marks: passedRun.marks.slice(0, 1),
  log: { ...passedRun.log, lastSeq: null },
};

export const labView: LabView = {
  scenarios: [zombie, restart],
  runs: [
    {
      id: passedRun.id,
      scenario: "X2",
      name: zombie.name,
      startedAt: passedRun.startedAt,
      endedAt: passedRun.endedAt,
      actor: "mira",
      verdict: "pass",
      reason: passedRun.verdict?.reasons[0] ?? null,
    },
  ],
  running: null,
  notKept: null,
};

function stepOf(
  id: string,
  words: string,
  beganMs: number,
  endedMs: number,
  note: string | null,
): LabRun["steps"][number] {
  return { id, words, state: "done", beganMs, endedMs, deadlineMs: 10_000, note };
}

function invariantOf(
  id: LabRun["invariants"][number]["id"],
  words: string,
  essential: boolean,
  checks: number,
): LabRun["invariants"][number] {
  const figure = checks.toLocaleString("en");
  return { id, words, essential, checks, figure, verdict: "holds", breach: null, why: null };
}

type Segment = LabRun["lanes"][number]["segments"][number];

function laneOf(
  nodeId: string,
  parts: readonly (readonly [number, number | null, Segment["state"], string])[],
): LabRun["lanes"][number] {
  return {
    nodeId,
    segments: parts.map(([fromMs, toMs, state, words]) => ({ fromMs, toMs, state, words })),
  };
}
