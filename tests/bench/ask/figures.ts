import { type Measured, p50Us, p99Us } from "../support/asking.ts";
import { type Bound, type Figure, figureOf } from "../support/figures.ts";
import { pairsOf } from "../support/turns.ts";

/** Of rounds that took turns. */
export interface AskTurns {
  readonly ours: readonly Measured[];
  readonly limit: readonly Measured[];
  /** @default not measured */
  readonly effect?: readonly Measured[];
}

export interface AskBounds {
  readonly rate?: Bound;
  readonly p50?: Bound;
  /** Of ours to Effect's rate. */
  readonly effect?: Bound;
}

const rate = ({ perSecond }: Measured): number => perSecond;

/** @param what for instance "remote, 64 in flight". */
export function askFigures(
  what: string,
  limitName: string,
  { ours, limit, effect }: AskTurns,
  bounds: AskBounds = {},
): readonly Figure[] {
  const beside = (unit: string, measure: typeof rate, bound?: Bound, better?: "less"): Figure =>
    figureOf(`${what}: ${unit}`, limitName, pairsOf(ours, limit, measure), {
      ...(bound === undefined ? {} : { bound }),
      ...(better === undefined ? {} : { better }),
    });
  const figures = [
    beside("asks/s", rate, bounds.rate),
    beside("p50 us", p50Us, bounds.p50, "less"),
    beside("p99 us", p99Us, undefined, "less"),
  ];
  if (effect === undefined) return figures;
  const ratio = figureOf(
    `${what}: asks/s beside Effect`,
    "Effect",
    pairsOf(ours, effect, rate),
    bounds.effect === undefined ? {} : { bound: bounds.effect },
  );
  return [...figures, ratio];
}
