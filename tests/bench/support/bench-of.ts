import type { Bench } from "./bench.ts";
import { rowOf } from "./figures.ts";

export type FigureBench = Bench & Required<Pick<Bench, "figures">>;

/** A benchmark each of whose rows is one figure. */
export function benchOf(bench: Omit<FigureBench, "run">): FigureBench {
  return { ...bench, run: async (options) => (await bench.figures(options)).map(rowOf) };
}
