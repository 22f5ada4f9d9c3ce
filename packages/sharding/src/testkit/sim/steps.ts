import type { NodeId } from "../../core/ids.ts";
import { crashPoints } from "./crash-points.ts";
import type { Random } from "./random.ts";

/** How often each kind of step is drawn, relative to the others; 0 never. */
export const defaultWeights = {
  crash: 3,
  /** The process that comes to a named point of the protocol ends there. */
  "crash-at": 4,
  /** A second process under the same name. */
  "double-start": 1,
  pause: 3,
  /** Like a pause, but the monotonic clock stands still. */
  sleep: 1,
  leave: 1,
  "cut-link": 3,
  /** All links of a node, for as long as an eviction takes. */
  isolate: 1,
  "slow-link": 1,
  /** One end holds the link open, the other has closed it and the news is lost. */
  "half-open": 1,
  "cut-postgres": 3,
  "slow-postgres": 1,
  /** A statement takes effect, its answer is lost. */
  "lose-answers": 1,
  /** An append locks its heads and stands still. */
  "hang-append": 1,
  "end-session": 2,
  "restart-postgres": 1,
  /** A standby that had everything takes over: a new timeline, no locks. */
  "fail-over": 1,
  /** A standby that lags takes over: the last moments never happened. */
  "lose-the-end": 1,
  /** Control messages are lost, doubled, late and out of order. */
  messages: 3,
  /** A firewall refuses connections on behalf of the living. */
  refuse: 1,
  /** The database's wall clock is set, forward or back. */
  "set-clock": 1,
  rebalance: 2,
  move: 5,
  drain: 1,
  cordon: 1,
  /** A drained node takes part again too. */
  uncordon: 1,
  join: 1,
  /** Pause, resume, cancel or undo of a plan. */
  "control-plan": 2,
} as const;

/** Beside them, where nodes have lanes. */
export const laneWeights = {
  /** A handler does not give its thread back, often until the lane is ended for it. */
  "stick-lane": 4,
  /** An error that nobody catches ends the thread. */
  "fail-lane": 2,
} as const;

export type StepKind = keyof typeof defaultWeights | keyof typeof laneWeights;
export type StepWeights = Readonly<Record<StepKind, number>>;

/**
 * Weights that draw from these kinds only, each as often as it would be; all of them where none is named.
 *
 * @param names separated by commas
 * @throws {RangeError} naming what there is.
 */
export function onlyKinds(names: string | undefined): Partial<StepWeights> {
  if (names === undefined) return {};
  const kinds = names.split(",");
  const known = Object.keys({ ...defaultWeights, ...laneWeights });
  const unknown = kinds.filter((kind) => !known.includes(kind));
  if (unknown.length > 0) {
    throw new RangeError(
      `There is no step "${unknown.join('", "')}"; there are ${known.join(", ")}.`,
    );
  }
  return Object.fromEntries(known.filter((kind) => !kinds.includes(kind)).map((kind) => [kind, 0]));
}

/** Something that is done to a cluster: a fault, or what an operator does. Plain data, so that it can be kept. */
export interface Step {
  readonly kind: StepKind;
  /** Since the cluster stood. @unit milliseconds */
  readonly atMs: number;
  /** @unit milliseconds */
  readonly forMs: number;
  readonly nodeId: NodeId;
  readonly peer: NodeId;
  readonly direction: "in" | "out" | "both";
  /** In [0, 1): how strong, for kinds that have a strength. */
  readonly strength: number;
  /** For `crash-at`. */
  readonly point: string;
}

export interface Draw {
  readonly nodeIds: readonly NodeId[];
  readonly weights: Partial<StepWeights>;
  readonly count: number;
  /** All is over by then. @unit milliseconds */
  readonly untilMs: number;
  /** @unit milliseconds */
  readonly ttlMs: number;
}

/** A millisecond to seconds; often about as long as a lease lasts, where its edges are tried. */
function lasting(random: Random, ttlMs: number, kind: StepKind): number {
  // Shorter than an eviction takes it would be another cut link.
  if (kind === "isolate") return ttlMs * random.between(2, 5);
  return random.chance(0.3) ? ttlMs * random.between(0.5, 1.3) : random.between(1, 8) ** 4;
}

/** How soon a step may follow the one that it belongs to. @unit milliseconds */
const burstMs = 500;

/** The steps of a run. */
export function drawSteps(
  random: Random,
  { nodeIds, weights, count, untilMs, ttlMs }: Draw,
): readonly Step[] {
  const kinds = Object.entries(weights).flatMap(([kind, weight]) =>
    Array.from({ length: weight }, () => kind as StepKind),
  );
  let before = { atMs: 0, nodeId: random.pick(nodeIds) };
  const steps = Array.from({ length: kinds.length === 0 ? 0 : count }, (): Step => {
    // Trouble seldom comes alone: what breaks things is the second fault on top of the first.
    const follows = random.chance(0.4);
    const atMs = follows
      ? Math.min(before.atMs + random.between(0, burstMs), untilMs)
      : random.between(0, untilMs);
    const nodeId = follows && random.chance(0.7) ? before.nodeId : random.pick(nodeIds);
    before = { atMs, nodeId };
    const kind = random.pick(kinds);
    return {
      ...{ kind, atMs, nodeId },
      forMs: Math.min(lasting(random, ttlMs, kind), untilMs - atMs),
      peer: random.pick(nodeIds.filter((other) => other !== nodeId)),
      direction: random.pick(["in", "out", "both", "both"] as const),
      strength: random.next(),
      point: random.pick(crashPoints),
    };
  });
  return steps.sort((a, b) => a.atMs - b.atMs);
}
