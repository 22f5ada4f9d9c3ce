import { quantile, type Row } from "./bench.ts";

/** What is promised of the ratio, or where it says so of our own figure. */
export type Bound = ({ readonly atLeast: number } | { readonly atMost: number }) & {
  readonly of?: "ours";
};

export interface Figure {
  readonly what: string;
  readonly ours: number;
  /** What the same run needs without ours. @default none */
  readonly beside?: { readonly name: string; readonly value: number };
  /** Of ours to the other, round by round: the middle one. @default none */
  readonly ratio?: number;
  /** The least and the most that the ratio was in a round. @default none */
  readonly spread?: readonly [least: number, most: number];
  /** Of a time, less is better. @default as the bound has it, else more */
  readonly better?: "more" | "less";
  /** Differs from run to run by more than the gate lets pass. @default false */
  readonly isUnsteady?: boolean;
  /** @default none: the figure is for reading */
  readonly bound?: Bound;
}

export function rowOf({ what, ours, beside, ratio, spread, bound }: Figure): Row {
  const judged = bound?.of === "ours" ? ours : (ratio ?? Number.NaN);
  return {
    what,
    ours: rounded(ours),
    beside: beside === undefined ? "-" : `${rounded(beside.value)} ${beside.name}`,
    ratio: ratio === undefined ? "-" : ratio.toFixed(2),
    spread: spread === undefined ? "-" : spread.map((it) => it.toFixed(2)).join(" to "),
    bound: bound === undefined ? "-" : textOf(bound),
    result: bound === undefined ? "-" : isMet(bound, judged) ? "met" : "MISSED",
  };
}

/** Ours and the other's in one round. */
export interface Pair {
  readonly ours: number;
  readonly other: number;
}

/** A figure of rounds that took turns. A ratio is one round's: what else the machine did is in both of its halves. */
export function figureOf(
  what: string,
  name: string,
  pairs: readonly Pair[],
  judged: Pick<Figure, "bound" | "better" | "isUnsteady"> = {},
): Figure {
  const ratios = pairs.map(({ ours, other }) => ours / other);
  return {
    what,
    ours: medianOf(pairs, ({ ours }) => ours),
    beside: { name, value: medianOf(pairs, ({ other }) => other) },
    ratio: quantile(ratios, 0.5),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    ...judged,
  };
}

/** The middle one: others on the machine take from some rounds. */
export const medianOf = <T>(rounds: readonly T[], measure: (round: T) => number): number =>
  quantile(rounds.map(measure), 0.5);

export const betterOf = ({ better, bound }: Figure): "more" | "less" =>
  better ?? (bound !== undefined && "atMost" in bound ? "less" : "more");

const isMet = (bound: Bound, value: number): boolean =>
  "atLeast" in bound ? value >= bound.atLeast : value <= bound.atMost;

const textOf = (bound: Bound): string => {
  const limit = "atLeast" in bound ? `at least ${bound.atLeast}` : `at most ${bound.atMost}`;
  return bound.of === "ours" ? `ours ${limit}` : limit;
};

/** Two places below 100, where they are much. */
const rounded = (value: number): number => Number(value.toFixed(value < 100 ? 2 : 0));
