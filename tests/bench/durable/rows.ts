import { quantile, type Row } from "../support/bench.ts";

/** What DESIGN promises of a ratio. */
export type Bound = { readonly atLeast: number } | { readonly atMost: number };

export interface Figure {
  readonly what: string;
  readonly ours: number;
  /** What the same run needs without ours. @default none */
  readonly beside?: { readonly name: string; readonly value: number };
  /** Of ours to the other, round by round. @default none */
  readonly ratio?: number;
  /** @default none: the figure is for reading */
  readonly bound?: Bound;
}

export function rowOf({ what, ours, beside, ratio, bound }: Figure): Row {
  return {
    what,
    ours: rounded(ours),
    beside: beside === undefined ? "-" : `${rounded(beside.value)} ${beside.name}`,
    ratio: ratio === undefined ? "-" : ratio.toFixed(2),
    bound: bound === undefined ? "-" : textOf(bound),
    result: bound === undefined ? "-" : isMet(bound, ratio ?? Number.NaN) ? "met" : "MISSED",
  };
}

/** The middle one: others on the machine take from some rounds. */
export const medianOf = <T>(rounds: readonly T[], measure: (round: T) => number): number =>
  quantile(rounds.map(measure), 0.5);

const isMet = (bound: Bound, ratio: number): boolean =>
  "atLeast" in bound ? ratio >= bound.atLeast : ratio <= bound.atMost;

const textOf = (bound: Bound): string =>
  "atLeast" in bound ? `at least ${bound.atLeast}` : `at most ${bound.atMost}`;

/** Two places below 100, where they are much. */
const rounded = (value: number): number => Number(value.toFixed(value < 100 ? 2 : 0));
