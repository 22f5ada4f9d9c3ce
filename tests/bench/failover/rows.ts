import { quantile, type Row } from "../support/bench.ts";

/** What DESIGN promises of a figure. @unit milliseconds */
export interface Bound {
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly worstMs?: number;
}

export interface Figure {
  readonly what: string;
  readonly timesMs: readonly number[];
  /** @default none: the figure is for reading */
  readonly bound?: Bound;
  /** What must not have happened, and did: "2 requests failed". */
  readonly faults?: readonly string[];
  /** What the same run needs for the least of it, and what that is. */
  readonly floor: Floor;
}

export interface Floor {
  readonly name: string;
  readonly ms: number;
}

export function rowOf(shards: number, figure: Figure): Row {
  const { what, timesMs, bound = {}, faults = [], floor } = figure;
  const p50 = quantile(timesMs, 0.5);
  const p99 = quantile(timesMs, 0.99);
  const worst = Math.max(...timesMs);
  const missed = [
    ...(p50 > (bound.p50Ms ?? Infinity) ? ["p50"] : []),
    ...(p99 > (bound.p99Ms ?? Infinity) ? ["p99"] : []),
    ...(worst > (bound.worstMs ?? Infinity) ? ["worst"] : []),
    ...faults,
  ];
  const isJudged = Object.keys(bound).length > 0 || faults.length > 0;
  const verdict = missed.length > 0 ? `MISSED: ${missed.join(", ")}` : "met";
  return {
    shards,
    what,
    times: timesMs.length,
    p50Ms: rounded(p50),
    p99Ms: rounded(p99),
    worstMs: rounded(worst),
    bound: textOf(bound),
    result: isJudged ? verdict : "-",
    floor: `${rounded(floor.ms)} ms ${floor.name}`,
    ratio: Number((p50 / floor.ms).toFixed(1)),
  };
}

/** Two places below 10 ms, where a millisecond is much. */
const rounded = (ms: number): number => Number(ms.toFixed(ms < 10 ? 2 : 0));

function textOf({ p50Ms, p99Ms, worstMs }: Bound): string {
  const parts = [
    ...(p50Ms === undefined ? [] : [`p50 ${p50Ms}`]),
    ...(p99Ms === undefined ? [] : [`p99 ${p99Ms}`]),
    ...(worstMs === undefined ? [] : [`worst ${worstMs}`]),
  ];
  return parts.length === 0 ? "-" : parts.join(", ");
}
