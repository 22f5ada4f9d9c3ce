import type { Bench } from "./bench.ts";
import { rowOf } from "./figures.ts";

/** A benchmark each of whose rows is one figure. */
export function benchOf(bench: Omit<Bench, "run"> & Required<Pick<Bench, "figures">>): Bench {
  return { ...bench, run: async (options) => (await bench.figures(options)).map(rowOf) };
}
