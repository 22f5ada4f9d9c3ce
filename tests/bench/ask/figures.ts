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

type Judged = NonNullable<Parameters<typeof figureOf>[3]>;

const boundOf = (bound: Bound | undefined): Judged => (bound === undefined ? {} : { bound });
const rate = ({ perSecond }: Measured): number => perSecond;

/** @param what for instance "remote, 64 in flight". */
export function askFigures(
  what: string,
  limitName: string,
  { ours, limit, effect }: AskTurns,
  bounds: AskBounds = {},
): readonly Figure[] {
  const beside = (unit: string, measure: typeof rate, judged: Judged): Figure =>
    figureOf(`${what}: ${unit}`, limitName, pairsOf(ours, limit, measure), judged);
  const figures = [
    beside("asks/s", rate, boundOf(bounds.rate)),
    beside("p50 us", p50Us, { better: "less", ...boundOf(bounds.p50) }),
    beside("p99 us", p99Us, { better: "less", isUnsteady: true }),
  ];
  if (effect === undefined) return figures;
  const ratio = figureOf(
    `${what}: asks/s beside Effect`,
    "Effect",
    pairsOf(ours, effect, rate),
    boundOf(bounds.effect),
  );
  return [...figures, ratio];
}
