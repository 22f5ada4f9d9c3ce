import { z } from "zod/mini";

/**
 * The lab between the browser and the console's server: what can be tried, and what came of it.
 *
 * | call | answer |
 * |---|---|
 * | `GET /api/lab` | {@link LabView} |
 * | `GET /api/lab/preview?scenario=X2&shard=default/3&forMs=15000` | {@link LabPreview}; 422 `BAD_PARAMS` names each wrong parameter |
 * | `POST /api/lab/runs` {@link StartRun} | 201 {@link LabRun}; the same `run` again: 200 and that run; 409 `RUN_ACTIVE` (`detail` names it), 409 `SCENARIO_UNAVAILABLE`, 422 `BAD_PARAMS`, 503 `NOT_OBSERVED` (the cluster is not seen) |
 * | `GET /api/lab/runs` | `{runs: RunSummary[]}`, latest first, at most {@link keptRuns} |
 * | `GET /api/lab/runs/{id}` | {@link LabRun}; 404 `RUN_UNKNOWN` |
 * | `POST /api/lab/runs/{id}/stop` | {@link LabRun}: heals everything, the verdict is `not-observed`; 409 `RUN_ENDED` |
 *
 * On the relay's socket the event `lab` carries a {@link LabFrame}: once on connecting, then at most four times a second
 * while a run goes on, and once when it has ended.
 *
 * Times within a run are milliseconds since its start, by the console's monotonic clock.
 */
export const scenarioIds = ["X1", "X2", "X3", "X4", "X5", "X6", "X7", "X8", "X9", "X10"] as const;
/** In the order in which they are shown. */
export const runInvariantIds = [
  "S1",
  "S2",
  "S3",
  "S4",
  "S5",
  "S6",
  "S7",
  "S8",
  "L1",
  "L2",
  "L4",
] as const;
/** Of each cluster; older ones go. */
export const keptRuns = 200;

const scenarioId = z.enum(scenarioIds);
const text = z.string().check(z.maxLength(2000));
const ms = z.number();
const count = z.int().check(z.minimum(0));
const seq = z.nullable(count);

/** By the parameter's name; a shard is `group/number`, as everywhere. */
export const paramValues = z.record(z.string(), z.union([text, z.number()]));

export const startRun = z.object({
  /** Made by the page: sent twice, it starts one run. */
  run: z.uuid(),
  scenario: scenarioId,
  params: paramValues,
});

/** What a run touches, for this cluster at this instant. */
const blast = z.object({
  /** For instance `77 of 256 shards, on node-2`. */
  sentence: text,
  nodes: z.array(text),
  shards: count,
  totalShards: count,
  /** Faults that are set already and are no part of the run, as `node-3: slow-link`. */
  otherFaults: z.array(text),
});

const step = z.object({
  id: text,
  words: text,
  /** `failed`: its condition did not come true within its deadline. */
  state: z.enum(["waiting", "running", "done", "failed", "skipped"]),
  beganMs: z.nullable(ms),
  endedMs: z.nullable(ms),
  deadlineMs: ms,
  /** What was measured or what did not come true. */
  note: z.nullable(text),
});

const invariant = z.object({
  id: z.enum(runInvariantIds),
  words: text,
  /** `waits`: only while the run goes on, for what has to hold at its end. */
  verdict: z.enum(["holds", "violated", "not-observed", "waits"]),
  /** The run cannot pass without it. */
  essential: z.boolean(),
  checks: count,
  /** What stands in its row beside the word: `1,204 checks`, `17 fenced`, `2.1 s`. */
  figure: text,
  /** Of a violated one: shard, nodes, epochs, times. */
  breach: z.nullable(text),
  /** Of one that was not observed: why. */
  why: z.nullable(text),
});

const fault = z.object({
  nodeId: text,
  /** Null while it is not known to be set. */
  faultId: z.nullable(text),
  kind: text,
  detail: z.record(z.string(), z.union([text, z.number()])),
  ttlMs: ms,
  setMs: ms,
  endedMs: z.nullable(ms),
  how: z.nullable(z.enum(["healed", "ttl", "process ended"])),
});

const figures = z.object({
  /** From the fault until another node served the shard. */
  takeoverMs: z.nullable(ms),
  /** What it may take. */
  takeoverBoundMs: z.nullable(ms),
  /** Writes that arrived when another owner had claimed the head, and are not in the journal; null where none was tried. */
  fencedWrites: z.nullable(count),
  calls: count,
  failedCalls: count,
  /** Executed or not: the answer never came. */
  unknownCalls: count,
  /** The longest time between two answers for one entity, while calls waited. */
  worstPauseMs: z.nullable(ms),
});

/** What a node did, as a bar along the run. */
const lane = z.object({
  nodeId: text,
  segments: z.array(
    z.object({
      fromMs: ms,
      /** Null: until now. */
      toMs: z.nullable(ms),
      state: z.enum(["stable", "handoff", "warning", "danger", "unknown"]),
      /** For instance `85 shards`, `cut, serves`, `joins`. */
      words: text,
    }),
  ),
});

const verdict = z.object({
  tag: z.enum(["pass", "fail", "not-observed"]),
  /** The worst first; never empty. */
  reasons: z.array(text),
});

export const labRun = z.object({
  id: z.uuid(),
  scenario: scenarioId,
  name: text,
  /** What was done, with the parameters in it. */
  sentence: text,
  hypothesis: z.array(text),
  params: paramValues,
  actor: text,
  cluster: text,
  leaseTtlMs: ms,
  startedAt: text,
  endedAt: z.nullable(text),
  state: z.enum(["running", "ended"]),
  elapsedMs: ms,
  /** About how long it takes: for `4.1 of 30 s`. */
  expectedMs: ms,
  blast,
  steps: z.array(step),
  invariants: z.array(invariant),
  /** Null while it runs. */
  verdict: z.nullable(verdict),
  faults: z.array(fault),
  /** Of the run's own faults, once it has ended. */
  healed: z.nullable(z.object({ healed: count, residual: count })),
  figures,
  lanes: z.array(lane),
  /** The probe's calls over time. */
  calls: z.object({ bucketMs: ms, answered: z.array(count), failed: z.array(count) }),
  /** Vertical lines: `cut`, `lease ends`, `taken over`, `heal`, `settled`. */
  marks: z.array(z.object({ atMs: ms, words: text })),
  log: z.object({ history: z.nullable(text), firstSeq: seq, lastSeq: seq }),
  /** Positions of the recording; null where nothing recorded. */
  tape: z.object({ firstPos: seq, lastPos: seq }),
});

export type ScenarioId = z.infer<typeof scenarioId>;
export type RunInvariantId = (typeof runInvariantIds)[number];
export type ParamValues = z.infer<typeof paramValues>;
export type StartRun = z.infer<typeof startRun>;
export type BlastRadius = z.infer<typeof blast>;
export type RunStep = z.infer<typeof step>;
export type RunInvariant = z.infer<typeof invariant>;
export type RunFault = z.infer<typeof fault>;
export type RunLane = z.infer<typeof lane>;
export type RunVerdict = z.infer<typeof verdict>;
export type LabRun = z.infer<typeof labRun>;

/** One field of a scenario's form. Left out, it has its default. */
export type ScenarioParam =
  | {
      readonly name: string;
      readonly label: string;
      readonly kind: "shard";
      readonly initial: string;
    }
  | {
      readonly name: string;
      readonly label: string;
      readonly kind: "node" | "choice";
      readonly choices: readonly string[];
      readonly initial: string;
    }
  | {
      readonly name: string;
      readonly label: string;
      /** `ms`: shown as seconds. */
      readonly kind: "ms" | "count";
      readonly min: number;
      readonly max: number;
      readonly initial: number;
    };

export type Availability =
  | { readonly available: true }
  | { readonly available: false; readonly why: string };

/** What would happen with these parameters, now. */
export interface LabPreview {
  readonly sentence: string;
  readonly hypothesis: readonly string[];
  readonly blast: BlastRadius;
  readonly expectedMs: number;
  readonly availability: Availability;
}

export interface LabScenario extends LabPreview {
  readonly id: ScenarioId;
  readonly name: string;
  readonly params: readonly ScenarioParam[];
  /** Without these there is no pass. */
  readonly essential: readonly RunInvariantId[];
  /** Its last run's verdict, null where it never ran. */
  readonly last: RunVerdict["tag"] | null;
}

export interface RunSummary {
  readonly id: string;
  readonly scenario: ScenarioId;
  readonly name: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly actor: string;
  /** Null while it runs. */
  readonly verdict: RunVerdict["tag"] | null;
  /** The first reason. */
  readonly reason: string | null;
}

export interface LabView {
  readonly scenarios: readonly LabScenario[];
  readonly runs: readonly RunSummary[];
  /** Of the run that goes on, in whichever console. */
  readonly running: string | null;
  /** Null: runs are kept in Postgres. Otherwise why they are not. */
  readonly notKept: string | null;
}

/** The socket's event `lab`. */
export interface LabFrame {
  /** The run that goes on, or the one that has just ended; null where none was since this console started. */
  readonly run: LabRun | null;
}

/** A run as a file. */
export const runFile = z.object({
  format: z.literal("leasehold-run"),
  version: z.literal(1),
  run: labRun,
});
