import type { Row } from "../support/bench.ts";
import { betterOf, type Figure } from "../support/figures.ts";

/** By the benchmark's name, then by the figure's: the ratio. */
export type Baseline = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface Compared {
  readonly bench: string;
  readonly what: string;
  /** Null: the committed ones do not have it. */
  readonly was: number | null;
  /** Null: it is not measured any more. */
  readonly is: number | null;
  readonly isWorse: boolean;
}

/** How much of itself a ratio may lose. */
const tolerance = 0.2;

/** Every ratio that was committed or is measured now. One that is gone counts as worse: nobody watches it any more. */
export function compare(
  baseline: Baseline,
  bench: string,
  figures: readonly Figure[],
): readonly Compared[] {
  const known = new Map(Object.entries(baseline[bench] ?? {}));
  const compared = figures.filter(isGated).map((figure): Compared => {
    const { what, ratio: is } = figure;
    const was = known.get(what) ?? null;
    known.delete(what);
    const loss = was === null ? 0 : betterOf(figure) === "more" ? 1 - is / was : is / was - 1;
    return { bench, what, was, is, isWorse: loss > tolerance };
  });
  const gone = [...known].map(([what, was]) => ({ bench, what, was, is: null, isWorse: true }));
  return [...compared, ...gone];
}

/** What `--update` commits. */
export const ratiosOf = (figures: readonly Figure[]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    figures.filter(isGated).map(({ what, ratio }) => [what, Number(ratio.toPrecision(3))]),
  );

export const rowOfCompared = ({ bench, what, was, is, isWorse }: Compared): Row => ({
  bench,
  what,
  was: was === null ? "-" : was.toPrecision(3),
  is: is === null ? "gone" : is.toPrecision(3),
  change: was === null || is === null ? "-" : `${((100 * (is - was)) / was).toFixed(0)} %`,
  result: isWorse ? "WORSE" : was === null ? "new" : "ok",
});

const isGated = (figure: Figure): figure is Figure & { readonly ratio: number } =>
  figure.ratio !== undefined && figure.isUnsteady !== true;
