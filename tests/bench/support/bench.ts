export interface BenchOptions {
  /** @default the benchmark's own */
  readonly rounds: number | undefined;
  /** Says how far it is, on stderr. */
  readonly progress: (line: string) => void;
}

export type Row = Readonly<Record<string, string | number>>;

export interface Bench {
  readonly title: string;
  run(options: BenchOptions): Promise<readonly Row[]>;
}

/** The value below which `share` of the sorted values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const last = sorted.length - 1;
  return sorted[Math.min(last, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}
